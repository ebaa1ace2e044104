// /unmatched: which records have no customer, and what becomes of them?

import { addressOf, type ApiRow } from '../api.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { age, empty, id, nothingFits, pager, pill, table } from '../parts.ts';

export type Mapping = ApiRow<'/api/v1/mappings'>;
export type UnmatchedList = {
  /** Of the page that was looked through. */
  rows: Mapping[];
  looked: number;
  next: string | null;
};

const LIST = '/api/v1/mappings';

/** The API has no filter for it, so a page of all that needs a person is looked through. */
async function load({ api, query }: Asked): Promise<UnmatchedList> {
  const { rows, next } = await api.list(LIST, { query: { limit: 100, ...Object.fromEntries(query) } });
  return { rows: rows.filter(({ customer }) => customer === null), looked: rows.length, next };
}

export function unmatchedView({ rows, looked, next }: UnmatchedList, { query, path, now }: Seen): View {
  return {
    title: 'Records without a customer',
    crumbs: [
      ['Attention', '/console/attention'],
      ['unmatched', null],
    ],
    main: html`<p class="quiet">
        Each waits for a person: link it with the customer of the same email, or let it go.
        ${next !== null && html`Looked through: ${looked} pairs, and there are more.`}
      </p>
      ${filterForm(query)}${
        rows.length === 0
          ? none(path, query, next)
          : table(
              'Records without a customer',
              ['pair', 'record', 'system', 'state', 'because', 'of customer', 'for'],
              rows.map((row) => mappingRow(row, now)),
            )
      }${pager(path, query, next)}`,
    same: { cli: 'link', api: addressOf(LIST, { query: Object.fromEntries(query) }) },
  };
}

const NOTHING = html`<span class="quiet">–</span>`;

function mappingRow(
  { id: key, external_id: record, system, state, reason, detail, updated_at: since }: Mapping,
  now: Date,
): Html {
  const about = detail?.['customer'];
  return html`<tr id="m${key}" data-row>
    <th scope="row"><a href="/console/mappings/${key}">pair ${key}</a></th>
    <td>${id(record)}</td>
    <td><bdi>${system}</bdi></td>
    <td>${pill(state)}</td>
    <td>${reason === null ? NOTHING : html`<code>${reason}</code>`}</td>
    <td>
      ${typeof about === 'number' ? html`<a href="/console/customers/${about}">${id(about)}</a>` : NOTHING}
    </td>
    <td title="${since}">${age(since, now)}</td>
  </tr>`;
}

function filterForm(query: URLSearchParams): Html {
  return html`<form class="filter" action="/console/unmatched">
    <label
      >state
      <select name="state">
        <option value="">all</option>
        ${['waiting', 'parked', 'detached'].map((each) => html`<option ${query.get('state') === each && html` selected`}>${each}</option>`)}
      </select></label
    >
    <label>reason <input name="reason" value="${query.get('reason')}" placeholder="ask_link" /></label>
    <button>Filter</button>
  </form>`;
}

function none(path: string, query: URLSearchParams, next: string | null): Html {
  const given = new URLSearchParams([...query].filter(([name, text]) => name !== 'after' && text !== ''));
  if (next !== null) return empty('None among these. There are more pairs: see the next page.');
  return given.size > 0
    ? nothingFits(path, given, 'record without a customer')
    : empty(html`<span class="ok">✓</span> Every record has its customer.`);
}

export const unmatchedPage = page({ path: '/unmatched', scope: 'viewer', load, view: unmatchedView });
