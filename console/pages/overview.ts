// /: is it all right?

import type { Got } from '../api.ts';
import { html, type Html, type Part } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { age, count, duration, empty, id, nameOf, number, pill, table, toned, when } from '../parts.ts';
import { lanePanel, laneTable } from '../lanes.ts';

export type Overview = Got<'/api/v1/overview'>;
type System = Overview['systems'][number];
type Stuck = Overview['stuck']['oldest'][number];

const PATH = '/api/v1/overview';
/** The promise: a change is at every system within so long. */
const PROMISE_MS = 5_000;

async function load({ api }: Asked): Promise<Overview> {
  return api.get(PATH);
}

export function overviewView(data: Overview, seen: Seen): View {
  const { systems, stuck, lanes } = data;
  return {
    title: 'Overview',
    pill: html`<span data-live="part" id="all-right">${verdict(data)}</span>`,
    main: html`<div data-live="part" id="sentence">${systems.map((each) => sentence(data, each))}</div>
      ${numbers(data, seen.now)}
      <h2>Lanes</h2>
      ${lanes.length === 0 ? empty('No system is connected.') : laneTable(lanes, seen.now)}
      ${lanes.length > 0 && lanePanel(lanes, seen, '/console')}
      <h2>Longest stuck</h2>
      ${
        stuck.oldest.length === 0
          ? empty(html`<span class="ok">✓</span> Nothing needs you.`)
          : stuckTable(stuck.oldest, seen.now)
      }
      ${stuck.count > stuck.oldest.length && html`<p><a href="/console/attention">All ${count(stuck.count, 'pair')} that need a person</a></p>`}
      <h2>Last comparison</h2>
      ${systems.map((each) => comparison(each, seen.now))}`,
    same: { cli: 'status', api: PATH },
  };
}

/** In one word: what is worst counts. */
function verdict({ stuck, lanes, oldest_unsent_s: unsent }: Overview): Html {
  if (stuck.count > 0) return toned('bad', 'needs you');
  const held = lanes.flatMap((each) => each.lanes).filter(({ state }) => state !== 'running');
  if (held.length > 0 || (unsent ?? 0) * 1_000 > PROMISE_MS) return toned('wait', 'held up');
  return toned('ok', 'all right');
}

function sentence({ customers }: Overview, { system, customers: of }: System): Html {
  const { in_agreement: agree, need_person: needed, on_their_way: moving, waiting, closed } = of;
  const rest: Part[] = [
    moving > 0 && html`; ${number(moving)} on their way`,
    waiting > 0 && html`; ${number(waiting)} wait`,
    closed > 0 && html`; ${number(closed)} closed`,
    needed > 0 && html`; <b class="bad">${number(needed)} ${needed === 1 ? 'needs' : 'need'} you</b>`,
  ];
  return html`<p class="sentence">
    <b>${number(agree)}</b> of ${count(customers, 'customer')} ${agree === 1 ? 'agrees' : 'agree'} with
    <bdi>${system}</bdi>${rest}.
  </p>`;
}

/** The four numbers; each says how it stands beside its promise. */
function numbers(
  { systems, stuck, customers, oldest_unsent_s: unsent, measured_to: to }: Overview,
  now: Date,
): Html {
  const agree = systems.length === 0 ? null : Math.min(...systems.map((each) => each.customers.in_agreement));
  const slowest = systems.flatMap(({ propagation_ms: by }) => [by.outbound, by.inbound]);
  const p99 = Math.max(-1, ...slowest.map((each) => each.p99 ?? -1));
  const oldest = stuck.oldest[0];
  const cards = [
    {
      what: 'in agreement',
      is: agree === null || customers === 0 ? '–' : percent(agree / customers),
      more: systems.length > 1 ? 'at the system with the fewest' : null,
    },
    {
      what: 'p99 propagation, last hour',
      is: p99 < 0 ? '–' : duration(p99),
      tone: p99 > PROMISE_MS ? 'bad' : null,
      more: p99 < 0 ? 'no change was carried' : `promised: ${duration(PROMISE_MS)}`,
    },
    {
      what: 'oldest unsent event',
      is: unsent === null ? 'none' : duration(unsent * 1_000),
      tone: (unsent ?? 0) * 1_000 > PROMISE_MS ? 'bad' : null,
      more: to === null ? 'not measured yet' : `measured ${age(to, now)} ago`,
    },
    {
      what: 'stuck pairs',
      is: number(stuck.count),
      tone: stuck.count > 0 ? 'bad' : null,
      more: oldest ? `the oldest for ${age(oldest.since, now)}` : null,
    },
  ];
  return html`<ul class="numbers" data-live="part" id="numbers">
    ${cards.map(
      ({ what, is, more, tone = null }) =>
        html`<li class="card">
          <span class="quiet">${what}</span><b ${tone && html`class="${tone}"`}>${is}</b
          ><small class="quiet">${more ?? html`&nbsp;`}</small>
        </li>`,
    )}
  </ul>`;
}

/** 100 % only where all agree. */
function percent(share: number): string {
  return share === 1 ? '100 %' : `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
}

function stuckTable(rows: readonly Stuck[], now: Date): Html {
  return table(
    'Longest stuck',
    ['pair', 'why', 'for', 'state', 'system', { num: 'events behind' }],
    rows.map(
      ({ mapping, system, customer, external_id: record, state, since, code, says, open_events: behind }) =>
        html`<tr id="m${mapping}" data-row>
          <th scope="row">
            ${customer === null ? html`record ${id(record)}` : html`<a href="/console/customers/${customer}">customer ${customer}</a>`}
          </th>
          <td class="says">${code !== null && html`<code>${code}</code> `}<bdi>${nameOf(says, '')}</bdi></td>
          <td class="age" title="${since}">${age(since, now)}</td>
          <td>${pill(state)}</td>
          <td>${system}</td>
          <td class="num">${number(behind)}</td>
        </tr>`,
    ),
    'stuck',
  );
}

function comparison({ system, comparison: last }: System, now: Date): Html {
  if (last === null)
    return html`<p class="quiet">
      <bdi>${system}</bdi> has not been compared yet: <code>npx twinbox verify</code> compares and keeps a
      receipt.
    </p>`;
  const { ended_at: at, agree, drift, unknown_there: unknown, findings } = last;
  const found = Object.entries(findings).filter(([, times]) => times > 0);
  return html`<p>
    <bdi>${system}</bdi>: ${drift === 0 ? pill('linked', 'no drift') : toned('bad', `${number(drift)} drift`)}
    ${number(agree)}
    agree${unknown > 0 && html`, ${number(unknown)} not known there`}${found.map(([name, times]) => html`, ${name.replaceAll('_', ' ')} ${number(times)}`)},
    <span class="quiet">${when(at, now)}, ${age(at, now)} ago</span>
  </p>`;
}

export const overviewPage = page({
  path: '/',
  scope: 'viewer',
  nav: { text: 'Overview', key: 'o', order: 1 },
  load,
  view: overviewView,
});
