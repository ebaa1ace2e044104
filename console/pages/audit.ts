// /audit: who did what?

import { addressOf, type ApiRow } from '../api.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { count, diff, empty, id, nothingFits, pager, table, value, when } from '../parts.ts';

export type Entry = ApiRow<'/api/v1/audit'>;
export type AuditList = { rows: Entry[]; next: string | null };

const PATH = '/api/v1/audit';

async function load({ api, query }: Asked): Promise<AuditList> {
  return api.list(PATH, { query: Object.fromEntries(query) });
}

export function auditView({ rows, next }: AuditList, { query, path, now }: Seen): View {
  return {
    title: 'Audit',
    main: html`<p class="quiet">
        Each entry carries the hash of the one before it: <code>npx twinbox verify --audit</code> recomputes
        them all and names the first that does not fit. ${isBroken(rows)}
      </p>
      ${filterForm(query)}${
        rows.length === 0
          ? none(path, query)
          : table(
              'Acts of people',
              [{ num: 'number' }, 'when', 'who', 'act', 'about', 'reason', 'what changed', 'hash'],
              rows.map((row) => entryRow(row, now)),
            )
      }${pager(path, query, next)}`,
    same: { cli: 'audit', api: addressOf(PATH, { query: Object.fromEntries(query) }) },
  };
}

/** Entries that stand beside each other here can be compared here; the newest is first. */
function isBroken(rows: readonly Entry[]): Html | false {
  const at = rows.findIndex((row, index) => {
    const before = rows[index + 1];
    return before !== undefined && before.id === row.id - 1 && row.previous !== before.hash;
  });
  return at >= 0 && html`<b class="bad">Entry ${rows[at]?.id} does not follow the one before it.</b>`;
}

function entryRow(entry: Entry, now: Date): Html {
  const { id: number, at, actor, action, system, pairs, reason, hash } = entry;
  return html`<tr id="a${number}" data-row>
    <td class="num">${number}</td>
    <td>${when(at, now)}</td>
    <td>${value(actor, 80)}</td>
    <th scope="row">${action.replaceAll('_', ' ')}</th>
    <td>${system !== null && html`<bdi>${system}</bdi>`}${pairs > 0 && html` ${count(pairs, 'pair')}`}</td>
    <td>${reason === null ? html`<span class="quiet">–</span>` : value(reason, 200)}</td>
    <td>${changes(entry)}</td>
    <td>${id(hash)}</td>
  </tr>`;
}

function changes({ before, after, detail }: Entry): Html {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = names.filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]));
  const facts = Object.entries(detail);
  if (changed.length + facts.length === 0) return html`<span class="quiet">–</span>`;
  return html`${changed.map((name) => html`<div>${diff(name, before?.[name], after?.[name])}</div>`)}${facts.map(
    ([name, told]) => html`<div><span class="quiet">${name}</span> ${value(told, 80)}</div>`,
  )}`;
}

function filterForm(query: URLSearchParams): Html {
  const field = (name: string, hint: string): Html =>
    html`<label>${name} <input name="${name}" value="${query.get(name)}" placeholder="${hint}" /></label>`;
  return html`<form class="filter" action="/console/audit">
    ${field('actor', 'key:oncall/3f9c1a2b7d04')}${field('action', 'pause')}${field('since', '2h')}<button>
      Filter
    </button>
  </form>`;
}

function none(path: string, query: URLSearchParams): Html {
  const isFiltered = [...query.keys()].some((name) => name !== 'after');
  if (isFiltered) return nothingFits(path, query, 'act');
  return empty('No person has acted yet. Pauses, replays, closings, links and keys will stand here.');
}

export const auditPage = page({
  path: '/audit',
  scope: 'operator',
  nav: { text: 'Audit', key: 'u', order: 8 },
  load,
  view: auditView,
});
