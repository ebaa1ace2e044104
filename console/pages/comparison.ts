// /comparisons/:id: what a comparison of one customer has found, and the act that asks for one.

import { addressOf, ApiError, type Got } from '../api.ts';
import { title } from '../facts.ts';
import { html, type Html } from '../html.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { id, toned, when, type Tone } from '../parts.ts';

export type Comparison = Got<'/api/v1/comparisons/{id}'>;
type System = Comparison['systems'][number];
type Pair = System['pairs'][number];

const PATH = '/api/v1/comparisons/{id}';

function load({ api, params }: Asked): Promise<Comparison> {
  return api.get(PATH, { path: { id: params['id'] ?? '' } });
}

/** The button on the page of a customer; nothing for a person who may not. */
export function compareButton(customer: number | string, seen: Seen): Html | false {
  return form(seen, {
    to: `/customers/${customer}/compare`,
    scope: 'operator',
    body: html`<button>Compare now</button>`,
  });
}

export function comparisonView(comparison: Comparison, seen: Seen): View {
  const { id: key, customer, actor, asked_at: asked, systems } = comparison;
  return {
    title: `Comparison of customer ${customer}`,
    crumbs: [
      ['Customers', '/console/customers'],
      [String(customer), `/console/customers/${customer}`],
      ['comparison', null],
    ],
    actions: compareButton(customer, seen),
    main: html`<p class="quiet">
        Asked ${when(asked, seen.now)} by ${actor}. A comparison only reads, and changes nothing.
      </p>
      <div data-live="part" id="found">${systems.map((each) => systemFound(each, seen))}</div>`,
    same: { cli: `verify --customer ${customer}`, api: addressOf(PATH, { path: { id: key } }) },
  };
}

const VERDICTS: Record<NonNullable<System['verdict']>, readonly [words: string, tone: Tone]> = {
  agree: ['both sides agree', 'ok'],
  differ: ['they differ', 'bad'],
  missing: ['the record was not found', 'bad'],
  not_certain: ['could not tell', 'wait'],
  set_aside: ['no record counts', 'plain'],
};

function systemFound(
  { system, state, verdict, because, answered_at: at, pairs }: System,
  { now }: Seen,
): Html {
  return html`<div class="card why">
    <p>
      <b>${title(system)}:</b> ${verdictOf(state, verdict)}
      ${at !== null && html`<span class="quiet">${when(at, now)}</span>`}
    </p>
    ${because !== null && html`<p><code>${because.code}</code> ${because.detail}</p>`}
    ${
      pairs.length === 0 &&
      verdict === 'set_aside' &&
      html`<p>Nothing of this customer is kept in step there, so nothing was read.</p>`
    }
    ${
      pairs.length > 0 &&
      html`<ul>
        ${pairs.map((pair) => html`<li>${pairFound(pair, system)}</li>`)}
      </ul>`
    }
  </div>`;
}

function verdictOf(state: System['state'], verdict: System['verdict']): Html {
  if (verdict !== null) {
    const [words, tone] = VERDICTS[verdict];
    return toned(tone, words);
  }
  return state === 'open'
    ? html`<span data-again>${toned('wait', 'no answer yet')}</span> Load this page again in some seconds.`
    : html`${toned('wait', 'no answer came')} The system is slow, too much was asked at once, or no worker
      that may ask it runs.`;
}

/** What a kind of the comparison says of a pair. */
const KINDS: Record<Pair['kind'], string> = {
  agree: 'agrees',
  drift: 'differs, and no change is on its way',
  missing: 'was not found there; that is no proof of a deletion',
  pending: 'a change is on its way, or it changed while it was read',
  parked: 'is parked: a person has to look',
  held: 'differs, and a conflict keeps the other value',
  waiting: 'waits for a decision or a setting',
  alias: 'is a second record of this customer, and does not count',
  detached: 'was let go, and does not count',
  closed: 'was closed by a person, and does not count',
};

function pairFound({ external_id: record, kind, why, fields }: Pair, system: string): Html {
  const differing = fields ?? [];
  return html`${record === null ? html`No record at ${title(system)}:` : id(record)}
  ${KINDS[kind]}${why !== null && why !== differing.join(',') && html` (<code>${why}</code>)`}.
  ${differing.length > 0 && html`What differs: ${differing.map((field, at) => html`${at > 0 && ', '}<b>${field}</b>`)}.`}`;
}

const compare: ActRoute = {
  path: '/customers/:id/compare',
  scope: 'operator',
  async act({ api, params, once }) {
    const path = { id: params['id'] ?? '' };
    try {
      const made = await api.post('/api/v1/customers/{id}/compare', { path, body: {}, once });
      return `/console/comparisons/${made.id}`;
    } catch (error) {
      // The answer may still come: the page of the comparison says so.
      const late = error instanceof ApiError && error.code === 'system_silent' && idOf(error);
      if (typeof late !== 'string') throw error;
      return `/console/comparisons/${late}`;
    }
  },
};

function idOf({ members: { comparison } }: ApiError): string | null {
  if (typeof comparison !== 'object' || comparison === null || !('id' in comparison)) return null;
  return String(comparison.id);
}

export const comparisonPage = page({
  path: '/comparisons/:id',
  scope: 'viewer',
  load,
  view: comparisonView,
});
export const comparisonActs: readonly ActRoute[] = [compare];
