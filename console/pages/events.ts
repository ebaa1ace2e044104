// /events: what happened, newest first?

import { addressOf, type ApiRow } from '../api.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { empty, id, nothingFits, pager, pill, table, when } from '../parts.ts';
import { may } from '../scopes.ts';

export type Event = ApiRow<'/api/v1/events'>;
export type EventList = { rows: Event[]; next: string | null };

const PATH = '/api/v1/events';

async function load({ api, query }: Asked): Promise<EventList> {
  return api.list(PATH, { query: Object.fromEntries(query) });
}

export function eventsView({ rows, next }: EventList, seen: Seen): View {
  const { query, path, now } = seen;
  const to = replayOf(query);
  return {
    title: 'Events',
    actions:
      to !== null &&
      rows.length > 0 &&
      may(seen.me.scope, 'operator') &&
      html`<a class="button" href="${to}" data-key="r">Replay these…</a>`,
    main: html`${filterForm(query)}${
      rows.length === 0
        ? none(path, query)
        : table(
            'Events',
            ['event', 'of', 'from', 'deliveries', 'event id', 'at'],
            rows.map((row) => eventRow(row, now)),
          )
    }${pager(path, query, next)}`,
    same: { cli: commandOf(query), api: addressOf(PATH, { query: Object.fromEntries(query) }) },
  };
}

function eventRow(event: Event, now: Date): Html {
  const {
    event_id: key,
    event_type: type,
    version,
    customer,
    entity_key: about,
    source,
    created_at: at,
  } = event;
  return html`<tr id="e${key}" data-row>
    <th scope="row">
      <a href="/console/events/${key}">${type}</a
      >${version !== null && html` <span class="quiet">v${version}</span>`}
    </th>
    <td>
      ${customer === null ? id(about) : html`<a href="/console/customers/${customer}">customer ${customer}</a>`}
    </td>
    <td><bdi>${source}</bdi></td>
    <td>${deliveriesOf(event)}</td>
    <td>${id(key)}</td>
    <td class="quiet">${when(at, now)}</td>
  </tr>`;
}

function deliveriesOf({ deliveries, published, routed }: Event): Html {
  if (deliveries.length === 0)
    return html`<span class="quiet"
      >${published ? (routed ? 'on its way to the workers' : 'published only') : 'not published yet'}</span
    >`;
  return html`${deliveries.map(
    ({ target, status, error }) =>
      html`<div>
        <bdi class="quiet">${target}</bdi> ${pill(status)}${error !== null && html` <code>${error}</code>`}
      </div>`,
  )}`;
}

const FIELDS = [
  ['status', 'parked,waiting'],
  ['type', 'customer.*'],
  ['system', ''],
  ['customer', 'id'],
  ['error', 'email_invalid'],
  ['since', '2h'],
  ['until', ''],
] as const;

function filterForm(query: URLSearchParams): Html {
  return html`<form class="filter" action="/console/events">
    ${FIELDS.map(([name, hint]) => html`<label>${name} <input name="${name}" value="${query.get(name)}" placeholder="${hint}" size="12" /></label>`)}
    <label
      >needs a person
      <select name="needs_attention">
        <option value="">or not</option>
        <option value="true" ${query.get('needs_attention') === 'true' && html` selected`}>yes</option>
      </select></label
    >
    <button>Filter</button>
  </form>`;
}

/** The page where a replay of the same begins; null where a replay cannot select the same. */
function replayOf(query: URLSearchParams): string | null {
  const given = [...query].filter(([name, text]) => text !== '' && name !== 'limit' && name !== 'after');
  const { needs_attention: needs, type, system, ...rest } = Object.fromEntries(given);
  if (type !== undefined || (needs !== undefined && rest['status'] !== undefined)) return null;
  if (/published/.test(rest['status'] ?? '')) return null;
  const where =
    system === 'internal' ? { direction: 'in' } : system === undefined ? {} : { system, direction: 'out' };
  const status = needs === 'true' ? { status: 'parked,waiting' } : {};
  return addressOf('/console/replays/new', { query: { ...rest, ...status, ...where } });
}

/** The same in a shell, without what would have to be quoted. */
function commandOf(query: URLSearchParams): string {
  const options = FIELDS.flatMap(([name]) => {
    const text = query.get(name) ?? '';
    return /^[\w.:,-]+$/.test(text) ? [`--${name} ${text}`] : [];
  });
  return ['events list', ...options].join(' ');
}

function none(path: string, query: URLSearchParams): Html {
  const isFiltered = [...query].some(([name, text]) => name !== 'after' && text !== '');
  if (isFiltered) return nothingFits(path, query, 'event');
  return empty('No events yet. A customer that is created, changed or deleted makes the first.');
}

export const eventsPage = page({
  path: '/events',
  scope: 'viewer',
  nav: { text: 'Events', key: 'e', order: 3 },
  load,
  view: eventsView,
});
