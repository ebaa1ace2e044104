// /conflicts: what did we decide for them?

import { addressOf } from '../api.ts';
import { compared } from '../characters.ts';
import { aboutOf, keptOf, KINDS, verdictOf, type Conflict } from '../conflict-words.ts';
import { html, type Html, type Part } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { dayOf, empty, id, nothingFits, pager, pill, table, toned, when } from '../parts.ts';

export type ConflictList = {
  rows: Conflict[];
  next: string | null;
  /** When the first customer came; null if there is none. Asked for only where there is no conflict. */
  since: string | null;
};

const LIST = '/api/v1/conflicts';

async function load({ api, query }: Asked): Promise<ConflictList> {
  const found = await api.list(LIST, { query: Object.fromEntries(query) });
  if (found.rows.length > 0 || isFiltered(query)) return { ...found, since: null };
  const [first] = await api.get('/api/v1/customers', { query: { limit: 1 } });
  return { ...found, since: first?.created_at ?? null };
}

export function conflictsView({ rows, next, since }: ConflictList, { query, path, now }: Seen): View {
  return {
    title: 'Conflicts',
    main: html`<p class="quiet">
        Where two edits met, one value was kept and the other given up. Nothing has to be done about it.
      </p>
      ${filterForm(query)}${
        rows.length === 0
          ? none(path, query, { since, now })
          : table(
              'Conflicts',
              ['when', 'field', 'customer', 'with', 'kept', 'given up', 'rule', 'since then'],
              rows.map((row) => conflictRow(row, now)),
            )
      }${pager(path, query, next)}`,
    same: {
      cli: `conflicts list${flagsOf(query)}`,
      api: addressOf(LIST, { query: Object.fromEntries(query) }),
    },
  };
}

/** As the command has them; a value that a shell would read is left out. */
function flagsOf(query: URLSearchParams): string {
  const flags = ['customer', 'kind', 'field'].flatMap((name) => {
    const text = query.get(name) ?? '';
    return /^\w+$/.test(text) ? [` --${name} ${text}`] : [];
  });
  const reversed = { true: ' --reversed', false: ' --no-reversed' }[query.get('reversed') ?? ''] ?? '';
  return flags.join('') + reversed;
}

const NOTHING = html`<span class="quiet">–</span>`;

function conflictRow(row: Conflict, now: Date): Html {
  const { id: key, customer, system, rule, created_at: at } = row;
  const both = keptOf(row);
  return html`<tr id="x${key}" data-row>
    <td>${when(at, now)}</td>
    <th scope="row"><a href="/console/conflicts/${key}">${aboutOf(row)}</a></th>
    <td>
      ${customer === null ? NOTHING : html`<a href="/console/customers/${customer}">${id(customer)}</a>`}
    </td>
    <td>${system === null ? NOTHING : html`<bdi>${system}</bdi>`}</td>
    <td>${both ? compared(both.kept, both.lost) : html`<span class="quiet">${verdictOf(row)}</span>`}</td>
    <td>${both ? compared(both.lost, both.kept) : NOTHING}</td>
    <td><code>${rule}</code></td>
    <td>${standing(row)}</td>
  </tr>`;
}

/** What has become of it. */
export function standing({ reversed_at: reversed, note, reversible }: Conflict): Part {
  if (reversed !== null) return toned('plain', 'reversed');
  if (note === 'overtaken') return pill('superseded', 'overtaken');
  return reversible ? html`<span class="quiet">can be reversed</span>` : NOTHING;
}

function filterForm(query: URLSearchParams): Html {
  const option = (value: string, words: string, name: string): Html =>
    html`<option value="${value}" ${query.get(name) === value && html` selected`}>${words}</option>`;
  return html`<form class="filter" action="/console/conflicts">
    <label
      >customer <input name="customer" value="${query.get('customer')}" size="8" inputmode="numeric"
    /></label>
    <label>field <input name="field" value="${query.get('field')}" size="12" placeholder="email" /></label>
    <label
      >kind
      <select name="kind">
        ${option('', 'all', 'kind')}${Object.keys(KINDS).map((kind) => option(kind, kind, 'kind'))}
      </select></label
    >
    <label
      >reversed
      <select name="reversed">
        ${option('', 'all', 'reversed')}${['true', 'false'].map((each) => option(each, each, 'reversed'))}
      </select></label
    >
    <button>Filter</button>
  </form>`;
}

function isFiltered(query: URLSearchParams): boolean {
  return [...query].some(([name, text]) => name !== 'after' && name !== 'limit' && text !== '');
}

function none(
  path: string,
  query: URLSearchParams,
  { since, now }: { since: string | null; now: Date },
): Html {
  const given = new URLSearchParams([...query].filter(([, text]) => text !== ''));
  if (isFiltered(given) || given.has('after')) return nothingFits(path, given, 'conflict');
  if (since === null) return empty('Both sides have never disagreed: there are no customers yet.');
  return empty(html`<span class="ok">✓</span> Both sides have never disagreed since ${dateOf(since, now)}.`);
}

/** `today`, `1 November`. */
function dateOf(time: string, now: Date): string {
  const day = dayOf(new Date(time), now);
  return day === 'Today' ? 'today' : day.replace(/^\w+ /, '');
}

export const conflictsPage = page({
  path: '/conflicts',
  scope: 'viewer',
  nav: { text: 'Conflicts', key: 'f', order: 5 },
  load,
  view: conflictsView,
});
