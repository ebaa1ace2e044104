// Pairs that are stuck or wait, and deliveries without an echo, as tables.

import type { ApiRow } from './api.ts';
import { pairLink } from './groups.ts';
import { html, type Html, type Part } from './html.ts';
import { age, id, number, pill, table, value, when } from './parts.ts';

type Mapping = ApiRow<'/api/v1/mappings'>;
type Delivery = ApiRow<'/api/v1/deliveries'>;

export function stuckTable(rows: readonly Mapping[], now: Date): Html {
  return table(
    'Stuck pairs',
    ['pair', 'system', 'why', 'unchanged for', { num: 'attempts' }, { num: 'events behind' }],
    rows.map((row) => {
      const { id: mapping, system, attempts, open_events: behind, updated_at: since } = row;
      return html`<tr id="m${mapping}" data-row>
        <th scope="row">${pairLink({ ...pairOf(row), mapping })}</th>
        <td><bdi>${system}</bdi></td>
        <td>${why(row)}</td>
        <td title="${since}">${age(since, now)}</td>
        <td class="num">${number(attempts)}</td>
        <td class="num">${number(behind)}</td>
      </tr>`;
    }),
  );
}

export function waitTable(rows: readonly Mapping[], now: Date): Html {
  return table(
    'Pairs that wait',
    ['pair', 'system', 'waits for', 'what', 'for', { num: 'events behind' }],
    rows.map((row) => {
      const { id: mapping, system, reason, detail, open_events: behind, updated_at: since } = row;
      return html`<tr id="m${mapping}" data-row>
        <th scope="row">${pairLink({ ...pairOf(row), mapping })}</th>
        <td><bdi>${system}</bdi></td>
        <td>${reason !== null && html`<code>${reason}</code>`}${decided(row)}</td>
        <td>${facts(detail)}</td>
        <td title="${since}">${age(since, now)}</td>
        <td class="num">${number(behind)}</td>
      </tr>`;
    }),
  );
}

export function echoTable(rows: readonly Delivery[], now: Date): Html {
  return table(
    'Deliveries without an echo',
    ['event', 'of', 'system', 'event id', 'applied', 'no echo for'],
    rows.map(({ event_id: event, target, customer, event_type: type, version, settled_at: at }) => {
      const isOf = customer === null ? null : html`<a href="/console/customers/${customer}">${customer}</a>`;
      return html`<tr id="d${event}-${target}" data-row>
        <th scope="row">
          <a href="/console/events/${event}">${type}</a
          >${version !== null && html` <span class="quiet">v${version}</span>`}
        </th>
        <td>${isOf ?? html`<span class="quiet">–</span>`}</td>
        <td><bdi>${target}</bdi></td>
        <td>${id(event)}</td>
        <td>${when(at, now)}</td>
        <td class="bad">${at !== null && age(at, now)}</td>
      </tr>`;
    }),
  );
}

function pairOf({ customer, external_id: record, state, updated_at: since }: Mapping) {
  return { customer, external_id: record, state, since, event_id: null, closed: false };
}

function why(row: Mapping): Part {
  const { reason, error } = row;
  const code = typeof error?.['code'] === 'string' ? error['code'] : null;
  return [
    html`<code>${reason ?? 'unknown'}</code>`,
    code !== null && code !== reason && html` <span class="quiet">after</span> <code>${code}</code>`,
    decided(row),
  ];
}

function decided({ decision }: Mapping): Part {
  return decision !== null && html` ${pill('queued', 'decided, a worker is next')}`;
}

function facts(detail: Mapping['detail']): Part {
  const known = Object.entries(detail ?? {});
  if (known.length === 0) return html`<span class="quiet">–</span>`;
  return known.map(
    ([name, told]) =>
      html`<div><span class="quiet">${name.replaceAll('_', ' ')}</span> ${value(told, 80)}</div>`,
  );
}
