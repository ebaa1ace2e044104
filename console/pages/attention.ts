// /attention: what do I do first? Error groups, stuck pairs, what waits, and echoes that did not come, as tabs.

import { addressOf, type Api, type ApiRow, type Got } from '../api.ts';
import { groupCard, type Group } from '../groups.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { age, empty, nothingFits, pager } from '../parts.ts';
import { unknownPage } from '../problem-pages.ts';
import { may } from '../scopes.ts';
import { echoTable, stuckTable, waitTable } from '../troubles.ts';

export type Mapping = ApiRow<'/api/v1/mappings'>;
export type Delivery = ApiRow<'/api/v1/deliveries'>;
type Replay = Got<'/api/v1/replays'>[number];

export type Attention =
  | { tab: 'groups'; groups: Group[]; last: Replay | null }
  | { tab: 'stuck' | 'waiting'; rows: Mapping[]; next: string | null }
  | { tab: 'echoes'; rows: Delivery[]; looked: number; next: string | null }
  | { tab: null };

const TABS = [
  ['groups', 'Error groups'],
  ['stuck', 'Stuck pairs'],
  ['waiting', 'Waiting for data'],
  ['echoes', 'Echoes missing'],
] as const;

/** An echo is promised within so long (`missing` of a timeline says it too). */
const ECHO_MS = 15 * 60_000;
/** So many applied deliveries are looked through for one page. */
const LOOKED_AT = 100;

async function load({ api, query, now }: Asked): Promise<Attention> {
  const tab = TABS.find(([name]) => name === (query.get('tab') ?? 'groups'))?.[0];
  const rest = filterOf(query);
  if (tab === 'stuck' || tab === 'waiting') {
    const state = tab === 'stuck' ? 'parked' : 'waiting';
    return { tab, ...(await api.list('/api/v1/mappings', { query: { ...rest, state } })) };
  }
  if (tab === 'echoes') return findEchoes(api, rest, now);
  if (tab === undefined) return { tab: null };
  const groups = await api.get('/api/v1/groups', { query: rest });
  const [last = null] = groups.length > 0 ? [] : await api.get('/api/v1/replays', { query: { limit: 1 } });
  return { tab, groups, last };
}

/** All but the tab: the words of the API. */
function filterOf(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...query].filter(([name]) => name !== 'tab'));
}

/** The API has no filter for it, so a page of what was applied is looked through. */
async function findEchoes(api: Api, given: Record<string, string>, now: Date): Promise<Attention> {
  const query = { limit: LOOKED_AT, ...given, status: 'applied' };
  const { rows, next } = await api.list('/api/v1/deliveries', { query });
  const late = rows.filter((row) => isEchoMissing(row, now));
  return { tab: 'echoes', rows: late, looked: rows.length, next };
}

function isEchoMissing(
  { target, intent_id: write, confirmed_by: echo, settled_at: at }: Delivery,
  now: Date,
) {
  return (
    target !== 'internal' &&
    write !== null &&
    echo === null &&
    at !== null &&
    now.getTime() - Date.parse(at) > ECHO_MS
  );
}

export function attentionView(data: Attention, seen: Seen): View {
  const { tab } = data;
  if (tab === null) return unknownPage();
  const { me, knows, query } = seen;
  return {
    title: 'Attention',
    actions:
      may(me.scope, 'operator') &&
      knows('/replays/new') &&
      html`<a class="button" href="/console/replays/new" data-key="r">Replay…</a>`,
    main: html`<nav class="tabs" aria-label="Kinds of trouble">
        ${TABS.map(([name, text]) => html`<a href="/console/attention${name !== 'groups' && `?tab=${name}`}" ${name === tab && html` aria-current="page"`}>${text}</a>`)}
      </nav>
      ${bodyOf(data, seen)}
      <p class="quiet">
        More: <a href="/console/refusals">refused events</a> ·
        <a href="/console/unmatched">records without a customer</a> ·
        <a href="/console/link">first link</a>
      </p>`,
    same: sameOf(tab, query),
  };
}

function sameOf(tab: (typeof TABS)[number][0], query: URLSearchParams): { cli?: string; api: string } {
  const rest = filterOf(query);
  if (tab === 'groups') return { cli: 'groups list', api: addressOf('/api/v1/groups', { query: rest }) };
  if (tab === 'echoes')
    return { api: addressOf('/api/v1/deliveries', { query: { ...rest, status: 'applied' } }) };
  const state = tab === 'stuck' ? 'parked' : 'waiting';
  return { api: addressOf('/api/v1/mappings', { query: { ...rest, state } }) };
}

function bodyOf(data: Attention, seen: Seen): Html {
  const { path, query, now } = seen;
  switch (data.tab) {
    case 'groups':
      return groupList(data, seen);
    case 'stuck':
    case 'waiting':
      return html`${data.rows.some(({ reason }) => reason === 'not_linked') && toFirstLink}${filterForm(data.tab, query)}${
        data.rows.length === 0
          ? noPairs(data.tab, seen)
          : data.tab === 'stuck'
            ? stuckTable(data.rows, now)
            : waitTable(data.rows, now)
      }${pager(path, query, data.next)}`;
    case 'echoes':
      return html`<p class="quiet">
          Applied for more than 15 minutes, and no echo has confirmed it. The sweep looks for it too.
          ${data.looked === 0 ? '' : `Looked through: the ${data.looked} ${query.has('after') ? 'next' : 'newest'} applied deliveries.`}
        </p>
        ${
          data.rows.length === 0
            ? empty(html`<span class="ok">✓</span> No echo is missing among these.`)
            : echoTable(data.rows, now)
        }${pager(path, query, data.next)}`;
    case null:
      return html``;
  }
}

const toFirstLink = html`<p class="note">
  Customers wait for their first link (<code>not_linked</code>):
  <a href="/console/link">look at what it would do, and decide</a>.
</p>`;

function groupList({ groups, last }: Extract<Attention, { tab: 'groups' }>, seen: Seen): Html {
  const { query, path, now } = seen;
  const isClosed = query.get('closed') === 'true';
  const other = isClosed
    ? html`<a href="/console/attention">Groups that are open</a>`
    : html`<a href="/console/attention?closed=true">Groups that a person has closed</a>`;
  const isFiltered = [...query.keys()].some((name) => !['tab', 'closed'].includes(name));
  const list = html`<div data-live="list" id="groups">${groups.map((group) => groupCard(group, seen))}</div>`;
  const none = isFiltered
    ? nothingFits(path, query, 'group')
    : empty(isClosed ? 'No group is closed.' : allWell(last, now));
  return html`${groups.length > 0 ? list : none}
    <p>${other}</p>`;
}

function allWell(last: Replay | null, now: Date): Html {
  return html`<span class="ok">✓</span> Nothing needs
    you.${last !== null && html` Last trouble: <a href="/console/replays/${last.id}">${age(last.created_at, now)} ago</a>, replayed by <bdi>${last.actor}</bdi>.`}`;
}

function noPairs(tab: 'stuck' | 'waiting', { path, query }: Seen): Html {
  const isFiltered = [...query.keys()].some((name) => name !== 'after' && name !== 'tab');
  if (isFiltered) {
    const rest = new URLSearchParams([...query].filter(([name]) => name !== 'tab'));
    return nothingFits(`${path}?tab=${tab}`, rest, 'pair');
  }
  return empty(html`<span class="ok">✓</span> ${tab === 'stuck' ? 'No pair is stuck.' : 'Nothing waits.'}`);
}

function filterForm(tab: string, query: URLSearchParams): Html {
  return html`<form class="filter" action="/console/attention">
    <input type="hidden" name="tab" value="${tab}" />
    <label>reason <input name="reason" value="${query.get('reason')}" placeholder="reference" /></label>
    <label>customer <input name="customer" value="${query.get('customer')}" inputmode="numeric" /></label>
    <button>Filter</button>
  </form>`;
}

export const attentionPage = page({
  path: '/attention',
  scope: 'viewer',
  nav: { text: 'Attention', key: 'a', order: 4 },
  load,
  view: attentionView,
});
