// /customers: where is X?

import { addressOf, type ApiRow, type Ask } from '../api.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { empty, id, nameOf, nothingFits, pager, pill, table, value, when } from '../parts.ts';

export type Customer = ApiRow<'/api/v1/customers'>;
export type CustomerList = { rows: Customer[]; next: string | null };

const LIST = '/api/v1/customers';
const BY_NEED = '/api/v1/customers/by-need';
const OF_THE_PAGE = ['after', 'limit'];

async function load({ api, query }: Asked): Promise<CustomerList> {
  const { path, ...asked } = asksFor(query);
  return api.list(path, asked);
}

/** With a filter those that fit, else first those that need a person. */
function asksFor(query: URLSearchParams): {
  path: typeof LIST | typeof BY_NEED;
  query: NonNullable<Ask['query']>;
} {
  const given = [...query].filter(([, text]) => text !== '');
  const isFiltered = given.some(([name]) => !OF_THE_PAGE.includes(name));
  return { path: isFiltered ? LIST : BY_NEED, query: Object.fromEntries(given) };
}

export function customersView({ rows, next }: CustomerList, { query, path, now }: Seen): View {
  const asked = asksFor(query);
  const systems = [...new Set(rows.flatMap(({ sync }) => Object.keys(sync)))];
  return {
    title: 'Customers',
    main: html`${filterForm(query)}${
      rows.length === 0
        ? none(path, query)
        : table(
            'Customers',
            ['id', 'name', ...systems, 'email', { num: 'version' }, 'changed'],
            rows.map((row) => customerRow(row, systems, now)),
          )
    }${pager(path, query, next)}`,
    same: { api: addressOf(asked.path, { query: asked.query }) },
  };
}

function customerRow(row: Customer, systems: readonly string[], now: Date): Html {
  return html`<tr id="c${row.id}" data-row>
    <td>${id(row.id)}</td>
    <th scope="row">
      <a href="/console/customers/${row.id}"><bdi>${nameOf(row.name, `customer ${row.id}`)}</bdi></a>
    </th>
    ${systems.map((system) => html`<td>${pill(row.sync[system]?.state ?? 'none')}</td>`)}
    <td>${value(row.email, 60)}</td>
    <td class="num">${row.version}</td>
    <td class="quiet">${when(row.updated_at, now)}</td>
  </tr>`;
}

function filterForm(query: URLSearchParams): Html {
  return html`<form class="filter" action="/console/customers">
    <label>email <input name="email" value="${query.get('email')}" type="search" /></label>
    <label
      >changed since
      <input name="updated_since" value="${query.get('updated_since')}" placeholder="2026-11-30T06:00:00Z"
    /></label>
    <button>Filter</button>
  </form>`;
}

function none(path: string, query: URLSearchParams): Html {
  const isFiltered = asksFor(query).path === LIST;
  if (isFiltered) return nothingFits(path, query, 'customer');
  return empty(
    html`No customers yet. <code>make demo</code> makes some, or:`,
    html`<pre><code>curl -s http://127.0.0.1:8000/api/v1/customers -H 'Content-Type: application/json' \\
  -d '{"name": "Ada Lovelace", "email": "ada@example.org"}'</code></pre>`,
  );
}

export const customersPage = page({
  path: '/customers',
  scope: 'viewer',
  nav: { text: 'Customers', key: 'c', order: 2 },
  load,
  view: customersView,
});
