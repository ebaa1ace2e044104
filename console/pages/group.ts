// /groups/:fingerprint: one cause, all its pairs, and how to be done with it.

import { ApiError, addressOf, type Got } from '../api.ts';
import { cause, figures, inCode, meaning, pairLink, replayLink, standing } from '../groups.ts';
import { html, type Html } from '../html.ts';
import { find } from '../layout.ts';
import { form, page, type ActRoute, type Asked, type Seen, type View } from '../page.ts';
import { count, id, nameOf, number, pill, table, value, when } from '../parts.ts';
import { wrongView } from '../problem-pages.ts';

export type WholeGroup = Got<'/api/v1/groups/{fingerprint}'>;

const PATH = '/api/v1/groups/{fingerprint}';

/** Null: no pair is in it now. */
async function load({ api, params }: Asked): Promise<WholeGroup | null> {
  try {
    return await api.get(PATH, { path: { fingerprint: params['fingerprint'] ?? '' } });
  } catch (error) {
    if (error instanceof ApiError && error.code === 'group_not_found') return null;
    throw error;
  }
}

export function groupView(group: WholeGroup | null, seen: Seen): View {
  if (group === null)
    return wrongView({
      status: 404,
      title: 'This group is gone',
      detail: 'No pair fails so now: all are well, or none ever was in this group.',
      more: find('', 'find-here', false),
    });
  const { fingerprint, code, pairs } = group;
  const known = pairs.filter((pair) => pair !== null);
  return {
    title: nameOf(code, 'unknown'),
    pill: html`<span data-live="part" id="standing">${standing(group)}</span>`,
    crumbs: [
      ['Attention', '/console/attention'],
      [fingerprint, null],
    ],
    main: html`<section data-live="part" id="cause">
        <p>${cause(group)}</p>
        ${figures(group, seen)} ${meaning(group)}
      </section>
      ${replayLink(group, seen, true)} ${closing(group, seen)}
      <h2>Pairs</h2>
      ${known.length < group.count && html`<p class="quiet">The newest ${number(known.length)} of ${number(group.count)}.</p>`}
      ${table(
        'Pairs of the group',
        ['pair', 'state', 'what it says', 'since', 'event'],
        known.map((pair) => pairRow(pair, seen.now)),
      )}`,
    same: { cli: `groups show ${fingerprint}`, api: addressOf(PATH, { path: { fingerprint } }) },
  };
}

function pairRow(pair: NonNullable<WholeGroup['pairs'][number]>, now: Date): Html {
  const { mapping, state, says, since, event_id: event, closed } = pair;
  return html`<tr id="m${mapping}" data-row>
    <th scope="row">${pairLink(pair)}</th>
    <td>${pill(closed ? 'closed' : state)}</td>
    <td>${says === null ? html`<span class="quiet">–</span>` : value(says, 200)}</td>
    <td>${when(since, now)}</td>
    <td>
      ${event === null ? html`<span class="quiet">–</span>` : html`<a href="/console/events/${event}">${id(event)}</a>`}
    </td>
  </tr>`;
}

function closing({ fingerprint, parked, waiting, count: open }: WholeGroup, seen: Seen): Html | false {
  const most = parked + waiting;
  const to = `/groups/${fingerprint}/close`;
  const body = html`<label>reason <input name="reason" required maxlength="1000" size="40" /></label>
    <button>Close ${count(most, 'pair')}</button>`;
  const act = form(seen, { to, scope: 'operator', body });
  if (most === 0 || act === false) return false;
  return html`<details class="card act" id="close">
    <summary>Close this group…</summary>
    <p>
      Says that ${most === 1 ? 'this pair needs' : `these ${number(most)} pairs need`} no person any more.
      Nothing is sent, written or deleted. Pairs with work
      left${most < open && ', and those that are tried again,'} stay open. A new event, a replay or a decision
      opens a pair again. ${inCode('In a shell: `npx twinbox groups close`.')}
    </p>
    ${act}
  </details>`;
}

const close: ActRoute = {
  path: '/groups/:fingerprint/close',
  scope: 'operator',
  async act({ api, params, form: given, once }) {
    const path = { fingerprint: params['fingerprint'] ?? '' };
    await api.post('/api/v1/groups/{fingerprint}/close', {
      ...{ path, once },
      body: { reason: (given.get('reason') ?? '').trim() },
    });
    return '/console/attention';
  },
};

export const groupPage = page({ path: '/groups/:fingerprint', scope: 'viewer', load, view: groupView });
export const groupActs: readonly ActRoute[] = [close];
