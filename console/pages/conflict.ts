// /conflicts/:id: both sides of one conflict, what was kept, and what reversing it would write.

import { addressOf, ApiError, type Api, type Got } from '../api.ts';
import { compared, looksTheSame } from '../characters.ts';
import { aboutOf, keptOf, KINDS, originOf, ruleSays, verdictOf, type Conflict } from '../conflict-words.ts';
import { title } from '../facts.ts';
import { html, type Html, type Part } from '../html.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { id, nameOf, pill, toned, when } from '../parts.ts';
import { EFFECTS } from '../sides.ts';
import { standing } from './conflicts.ts';

export type Previewed = Got<'/api/v1/conflicts/{id}'>;
/** Why the API said no, and what was typed. */
type Refused = { error: ApiError; reason: string };

export type ConflictData = {
  conflict: Previewed;
  /** Of the same decision: the other fields that were decided with it. */
  others: Conflict[];
};

const ONE = '/api/v1/conflicts/{id}';

async function load({ api, params }: Pick<Asked, 'api' | 'params'>): Promise<ConflictData> {
  const conflict = await api.get(ONE, { path: { id: params['id'] ?? '' } });
  return { conflict, others: await decidedWith(api, conflict) };
}

/** The conflicts of one decision have one moment. */
async function decidedWith(api: Api, conflict: Conflict): Promise<Conflict[]> {
  if (conflict.customer === null || conflict.field === null) return [];
  const all = await api.get('/api/v1/conflicts', { query: { customer: conflict.customer, limit: 100 } });
  return all.filter(
    ({ id: key, created_at: at, system, field }) =>
      key !== conflict.id && at === conflict.created_at && system === conflict.system && field !== null,
  );
}

export function conflictView({ conflict, others }: ConflictData, seen: Seen, refused?: Refused): View {
  const about = aboutOf(conflict);
  const refusal = refused?.error;
  return {
    title: `${nameOf(about, 'Conflict')}: ${verdictOf(conflict)}`,
    heading: html`<bdi>${nameOf(about, 'Conflict')}</bdi>`,
    pill: html`<span data-live="part" id="standing"
      >${toned('plain', verdictOf(conflict))} ${standing(conflict)}</span
    >`,
    crumbs: [
      ['Conflicts', '/console/conflicts'],
      [conflict.id.slice(-12), null],
    ],
    main: html`<p>${KINDS[conflict.kind].says}</p>
      ${comparison([conflict, ...others])}${alikeNote([conflict, ...others])}${facts(conflict, seen)}
      <h2 id="reverse">Reverse the conflict</h2>
      ${refusal && html`<p class="note bad" role="alert">${refusal.title}. ${refusal.message}</p>`}${preview(conflict, seen, refused?.reason ?? '')}`,
    same: { cli: `conflicts show ${conflict.id}`, api: addressOf(ONE, { path: { id: conflict.id } }) },
    ...(refusal && { status: refusal.status }),
  };
}

function comparison(fields: readonly Conflict[]): Html {
  const [first] = fields;
  const there = first?.system ? title(first.system) : 'theirs';
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="Both sides">
    <table class="sides" data-live="part" id="both">
      <thead>
        <tr>
          <th scope="col">field</th>
          <th scope="col">before</th>
          <th scope="col">ours</th>
          <th scope="col">${there}</th>
          <th scope="col">kept</th>
          <th scope="col">rule</th>
        </tr>
      </thead>
      <tbody>
        ${fields.map((each, at) => comparedRow(each, at === 0))}
      </tbody>
    </table>
  </div>`;
}

function comparedRow(conflict: Conflict, isThis: boolean): Html {
  const { id: key, base, ours, theirs, rule } = conflict;
  const both = keptOf(conflict);
  const about = aboutOf(conflict);
  return html`<tr>
    <th scope="row">${isThis ? about : html`<a href="/console/conflicts/${key}">${about}</a>`}</th>
    <td>${compared(base)}</td>
    <td>${compared(ours, theirs)}</td>
    <td>${compared(theirs, ours)}</td>
    <td>${both ? html`<b>${compared(both.kept)}</b>` : html`<span class="quiet">each its own</span>`}</td>
    <td><code>${rule}</code></td>
  </tr>`;
}

function alikeNote(fields: readonly Conflict[]): Html | false {
  const alike = fields.filter(({ ours, theirs }) => looksTheSame(ours, theirs));
  if (alike.length === 0) return false;
  return html`<p class="note wait">
    ${alike.map(aboutOf).join(', ')}: the two values look the same and are not. What differs is marked, with
    the codes of the characters.
  </p>`;
}

function facts(conflict: Conflict, { now, knows }: Seen): Html {
  const { customer, system, external_id: record, rule, created_at: at, event_id: event } = conflict;
  const rows: readonly (readonly [string, Part])[] = [
    ['customer', customer !== null && html`<a href="/console/customers/${customer}">${customer}</a>`],
    ['record', system !== null && html`<bdi>${title(system)}</bdi> ${id(record)}`],
    ['decided', when(at, now)],
    [
      'rule',
      html`<code>${rule}</code
        >${ruleSays(rule) !== null && html` <span class="quiet">${ruleSays(rule)}</span>`}`,
    ],
    ['our value from', originOf(conflict.ours_from)],
    ['their value from', originOf(conflict.theirs_from)],
    [
      'reported by',
      event !== null &&
        (knows('/events/:event_id') ? html`<a href="/console/events/${event}">${id(event)}</a>` : id(event)),
    ],
    ['our write', conflict.intent_id !== null && id(conflict.intent_id)],
  ];
  return html`<dl class="facts" data-live="part" id="facts">
    ${rows.map(
      ([name, told]) =>
        told !== false &&
        told !== null &&
        html`<dt class="quiet">${name}</dt>
          <dd>${told}</dd>`,
    )}
  </dl>`;
}

/** What would be written where, and then the form that does it. */
function preview(
  { id: key, preview: would, kind, reversed_at: reversed, customer }: Previewed,
  seen: Seen,
  typed: string,
): Html {
  const change =
    customer === null ? '' : html` <a href="/console/customers/${customer}">Customer ${customer}</a>`;
  switch (would.outcome) {
    case 'reversed':
      return html`${writes(would)}
      ${form(seen, {
        to: `/conflicts/${key}/reverse`,
        scope: 'operator',
        body: html`<label
            >reason <input name="reason" value="${typed}" required maxlength="1000" size="40"
          /></label>
          <button>Reverse it</button> <span class="quiet">An ordinary change of our row, by you.</span>`,
      })}`;
    case 'reversed_already':
      return html`<p>Reversed ${when(reversed, seen.now)}. To go back, change the customer.${change}</p>`;
    case 'overtaken':
      return html`<p>
        Not possible now: the customer no longer holds the value that was kept. A later edit replaced it, or
        deleted the customer, and it stays.${change}
      </p>`;
    case 'duplicate_email':
      return html`<p>Not possible now: another customer has this email by now.${change}</p>`;
    case 'refused':
      return html`<p>Not possible now: a rule of the table refuses the row.${change}</p>`;
    case 'contended':
      return html`<p>Others are changing the customer just now. Load the page again.${change}</p>`;
    case 'cannot_reverse':
    case 'not_found':
      return html`<p>A conflict of this kind cannot be reversed. ${KINDS[kind].instead}${change}</p>`;
  }
}

function writes({ here, there }: Previewed['preview']): Html {
  return html`<div class="card why">
    <p><b>Reversing it now would write:</b></p>
    <ul>
      ${here && html`<li>in our table, customer ${here.customer}: <span class="quiet">${here.field}</span> <del>${compared(here.from)}</del> → <b>${compared(here.to)}</b></li>`}${there.map(
        ({ system, external_id: record, effect }) =>
          html`<li>
            at ${title(system)}${record !== null && html` ${id(record)}`}, after that:
            ${EFFECTS[effect.would]} ${effect.would === 'nothing' && pill('linked')}
          </li>`,
      )}
    </ul>
  </div>`;
}

/** Where the API says no, its words stand above the preview as it is then. */
const EXPECTED = new Set([
  'overtaken',
  'cannot_reverse',
  'duplicate_email',
  'duplicate_identity',
  'contended',
]);

function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (EXPECTED.has(error.code) || error.code.startsWith('row_'));
}

const reverse: ActRoute = {
  path: '/conflicts/:id/reverse',
  scope: 'operator',
  async act({ api, params, form: sent, once }, seen) {
    const reason = sent.get('reason')?.trim() ?? '';
    try {
      const { customer, conflict } = await api.post('/api/v1/conflicts/{id}/reverse', {
        path: { id: params['id'] ?? '' },
        body: reason === '' ? {} : { reason },
        once,
      });
      return customer ? `/console/customers/${customer.id}` : `/console/conflicts/${conflict.id}`;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return conflictView(await load({ api, params }), seen, { error, reason });
    }
  },
};

export const conflictPage = page({
  path: '/conflicts/:id',
  scope: 'viewer',
  load,
  view: (data, seen) => conflictView(data, seen),
});
export const conflictActs: readonly ActRoute[] = [reverse];
