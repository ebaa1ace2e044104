// /replays: what is being done again, by whom?

import { addressOf } from '../api.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { empty, number, pager, table, value, when } from '../parts.ts';
import { leftOf, statePill, type Replay } from '../replays.ts';
import { may } from '../scopes.ts';

export type ReplayList = { rows: Replay[]; next: string | null };

const PATH = '/api/v1/replays';

async function load({ api, query }: Asked): Promise<ReplayList> {
  return api.list(PATH, { query: Object.fromEntries(query) });
}

export function replaysView({ rows, next }: ReplayList, { query, path, now, me }: Seen): View {
  return {
    title: 'Replays',
    actions:
      may(me.scope, 'operator') &&
      html`<a class="button" href="/console/replays/new" data-key="r">Replay…</a>`,
    main: html`${
      rows.length === 0
        ? empty(
            html`Nothing replayed yet. Start from a failed <a href="/console/events?status=parked">event</a>,
              or <code>make replay</code>.`,
          )
        : table(
            'Replays',
            [
              'replay',
              'state',
              'who',
              'why',
              { num: 'pairs' },
              { num: 'done' },
              { num: 'failed' },
              { num: 'left' },
              'began',
              'ended',
            ],
            rows.map((row) => replayRow(row, now)),
          )
    }${pager(path, query, next)}`,
    same: { cli: 'replays list', api: addressOf(PATH, { query: Object.fromEntries(query) }) },
  };
}

function replayRow(replay: Replay, now: Date): Html {
  const { id, actor, reason, pairs, done, failed, created_at: began, ended_at: ended } = replay;
  return html`<tr id="r${id}" data-row>
    <th scope="row"><a href="/console/replays/${id}">Replay ${id}</a></th>
    <td>${statePill(replay)}</td>
    <td>${value(actor, 80)}</td>
    <td>${reason === null ? html`<span class="quiet">–</span>` : value(reason, 120)}</td>
    <td class="num">${number(pairs)}</td>
    <td class="num">${number(done)}</td>
    <td class="num">${failed > 0 ? html`<b class="bad">${number(failed)}</b>` : 0}</td>
    <td class="num">${number(leftOf(replay))}</td>
    <td>${when(began, now)}</td>
    <td>${when(ended, now)}</td>
  </tr>`;
}

export const replaysPage = page({
  path: '/replays',
  scope: 'viewer',
  nav: { text: 'Replays', key: 'p', order: 6 },
  load,
  view: replaysView,
});
