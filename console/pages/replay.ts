// /replays/:id: how far is it, what failed, and how to hold it.

import { addressOf, type Got } from '../api.ts';
import { html, type Html } from '../html.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { count, duration, id as idOf, number, table, value, when } from '../parts.ts';
import { bar, isOver, progressOf, statePill } from '../replays.ts';

export type WholeReplay = Got<'/api/v1/replays/{id}'>;

const PATH = '/api/v1/replays/{id}';

async function load({ api, params }: Asked): Promise<WholeReplay> {
  return api.get(PATH, { path: { id: params['id'] ?? '' } });
}

export function replayView(replay: WholeReplay, seen: Seen): View {
  const { id, failed, why, state } = replay;
  return {
    title: `Replay ${id}`,
    pill: html`<span data-live="part" id="state">${statePill(replay)}</span>`,
    crumbs: [
      ['Replays', '/console/replays'],
      [String(id), null],
    ],
    main: html`<section data-live="part" id="progress" ${state === 'running' && html` data-again`}>
        ${why !== null && html`<p class="note bad">${value(why)}</p>`} ${bar(replay)}
        <p>${progressOf(replay)}.${timeLeft(replay)}</p>
        ${facts(replay, seen.now)}
      </section>
      ${acts(replay, seen)}
      <section data-live="part" id="failures">${failed > 0 && failuresOf(replay, seen.now)}</section>`,
    same: { cli: `replays show ${id}`, api: addressOf(PATH, { path: { id } }) },
  };
}

function timeLeft(replay: WholeReplay): Html | false {
  const { state, queued, rate } = replay;
  return (
    state === 'running' &&
    queued > 0 &&
    html` <span class="quiet">About ${duration((queued / rate) * 1_000)} until the last one is raised.</span>`
  );
}

function facts(replay: WholeReplay, now: Date): Html {
  const { actor, reason, plan, rate, stop_share: share, created_at: began, ended_at: ended } = replay;
  return html`<dl class="facts">
    <dt class="quiet">who</dt>
    <dd>${value(actor, 80)}</dd>
    <dt class="quiet">why</dt>
    <dd>${reason === null ? html`<span class="quiet">–</span>` : value(reason, 1000)}</dd>
    <dt class="quiet">plan</dt>
    <dd>
      <a href="/console/replays/plans/${plan}">${idOf(plan)}</a>
      <span class="quiet"
        >${count(replay.pairs, 'pair')}, ${count(replay.deliveries, 'delivery', 'deliveries')}; kept for a
        day</span
      >
    </dd>
    <dt class="quiet">rate</dt>
    <dd>${count(rate, 'pair')} a second; stops itself when more than ${Math.round(share * 100)} % fail</dd>
    <dt class="quiet">began</dt>
    <dd>
      ${when(began, now)}${ended !== null && html` <span class="quiet">ended</span> ${when(ended, now)}`}
    </dd>
  </dl>`;
}

const DOES = {
  pause: 'Pause: no more pairs are raised until it is resumed.',
  resume: 'Resume: it goes on with the pairs that are left.',
  cancel: 'Cancel: no more pairs are raised, for good. What was done stays done.',
} as const;

type Verb = keyof typeof DOES;

const PATHS = {
  pause: '/api/v1/replays/{id}/pause',
  resume: '/api/v1/replays/{id}/resume',
  cancel: '/api/v1/replays/{id}/cancel',
} as const satisfies Record<Verb, string>;

function acts(replay: WholeReplay, seen: Seen): Html | false {
  // In place of a form that was shown while it ran: a page that is open loses its buttons.
  if (isOver(replay)) return html`<section data-live="part" id="acts"></section>`;
  const verbs: Verb[] = [replay.state === 'running' ? 'pause' : 'resume', 'cancel'];
  const body = html`<label>reason <input name="reason" maxlength="1000" size="40" /></label>
    ${verbs.map((verb) => html`<button name="verb" value="${verb}">${verb.slice(0, 1).toUpperCase() + verb.slice(1)}</button>`)}`;
  const act = form(seen, { to: `/replays/${replay.id}`, scope: 'operator', body });
  return (
    act &&
    html`<div class="card act" id="acts">
      <ul>
        ${verbs.map((verb) => html`<li>${DOES[verb]}</li>`)}
      </ul>
      <p class="quiet">Pairs that are raised already are still looked at.</p>
      ${act}
    </div>`
  );
}

function failuresOf({ failed, failures }: WholeReplay, now: Date): Html {
  const rows = failures.map(
    ({ mapping, customer, result, at }) =>
      html`<tr id="m${mapping}" data-row>
        <th scope="row">
          ${customer === null ? `pair ${mapping}` : html`<a href="/console/customers/${customer}">customer ${customer}</a>`}
        </th>
        <td>${result === null ? html`<span class="quiet">–</span>` : html`<code>${result}</code>`}</td>
        <td>${when(at, now)}</td>
      </tr>`,
  );
  const most = `${number(failures.length)} of ${number(failed)} are shown.`;
  return html`<h2>Failed again</h2>
    ${failures.length < failed && html`<p class="quiet">${most}</p>`}
    ${table('Pairs that failed again', ['pair', 'with', 'when'], rows, null)}`;
}

const act: ActRoute = {
  path: '/replays/:id',
  scope: 'operator',
  async act({ api, params, form: given, once }) {
    const id = params['id'] ?? '';
    const reason = (given.get('reason') ?? '').trim();
    const asked = given.get('verb') ?? '';
    const verb = (Object.keys(PATHS) as Verb[]).find((each) => each === asked);
    if (verb) await api.post(PATHS[verb], { path: { id }, body: reason === '' ? {} : { reason }, once });
    return `/console/replays/${encodeURIComponent(id)}`;
  },
};

export const replayPage = page({ path: '/replays/:id', scope: 'viewer', load, view: replayView });
export const replayActs: readonly ActRoute[] = [act];
