// /refusals: which inbound events were refused, and why?

import { addressOf, type ApiRow } from '../api.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { empty, id, nothingFits, pager, table, value, when } from '../parts.ts';

export type Refusal = ApiRow<'/api/v1/refusals'>;
export type RefusalList = { rows: Refusal[]; next: string | null };

const LIST = '/api/v1/refusals';

async function load({ api, query }: Asked): Promise<RefusalList> {
  return api.list(LIST, { query: Object.fromEntries(query) });
}

export function refusalsView({ rows, next }: RefusalList, { query, path, now }: Seen): View {
  return {
    title: 'Refused events',
    crumbs: [
      ['Attention', '/console/attention'],
      ['refused', null],
    ],
    main: html`<p class="quiet">Events of a system that were not taken: nothing was done because of them.</p>
      ${filterForm(query)}${
        rows.length === 0
          ? none(path, query)
          : table(
              'Refused events',
              ['refused', 'reason', 'system', 'event there', 'detail'],
              rows.map((row) => refusalRow(row, now)),
            )
      }${pager(path, query, next)}`,
    same: { api: addressOf(LIST, { query: Object.fromEntries(query) }) },
  };
}

function refusalRow(
  { id: key, system, external_event_id: event, reason, detail, refused_at: at }: Refusal,
  now: Date,
): Html {
  return html`<tr id="f${key}" data-row>
    <td>${when(at, now)}</td>
    <th scope="row">${reason.replaceAll('_', ' ')}</th>
    <td><bdi>${system}</bdi></td>
    <td>${id(event)}</td>
    <td>${detail === null ? html`<span class="quiet">–</span>` : value(detail, 300)}</td>
  </tr>`;
}

function filterForm(query: URLSearchParams): Html {
  return html`<form class="filter" action="/console/refusals">
    <label
      >system <input name="system" value="${query.get('system')}" size="12" placeholder="stripe"
    /></label>
    <label>reason <input name="reason" value="${query.get('reason')}" placeholder="too_old" /></label>
    <button>Filter</button>
  </form>`;
}

function none(path: string, query: URLSearchParams): Html {
  const given = new URLSearchParams([...query].filter(([name, text]) => name !== 'after' && text !== ''));
  return given.size > 0
    ? nothingFits(path, given, 'refused event')
    : empty(html`<span class="ok">✓</span> No event was refused.`);
}

export const refusalsPage = page({ path: '/refusals', scope: 'viewer', load, view: refusalsView });
