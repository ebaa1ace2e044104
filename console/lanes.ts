// The lanes of each system: how they stand, and the form that pauses or resumes one.

import { html, type Html, type Part } from './html.ts';
import type { Got } from './api.ts';
import { form, type Seen } from './page.ts';
import { count, number, pill, table, toned, when } from './parts.ts';
import { may } from './scopes.ts';

export type SystemLanes = Got<'/api/v1/overview'>['lanes'][number];
export type Lane = SystemLanes['lanes'][number];

const WORDS: Record<Lane['state'], Html> = {
  running: pill('running'),
  paused: pill('paused'),
  off: toned('wait', 'off'),
  resting: toned('wait', 'rests'),
  breaker_open: toned('bad', 'breaker open'),
  half_open: toned('wait', 'tries one'),
  no_worker: toned('bad', 'no worker'),
};

export function laneTable(systems: readonly SystemLanes[], now: Date): Html {
  const names = systems.map(({ system }) => system);
  const isOne = new Set(names).size === names.length;
  return table(
    'Lanes',
    [
      'lane',
      'state',
      { num: 'settled / min' },
      { num: 'lag' },
      { num: 'pairs to do' },
      { num: 'waiting' },
      'budget',
      'why',
    ],
    systems.flatMap((system) => system.lanes.map((lane) => laneRow(system, lane, { now, isOne }))),
    'lanes',
  );
}

function laneRow(given: SystemLanes, lane: Lane, { now, isOne }: { now: Date; isOne: boolean }): Html {
  const { system, account, last_minute: minute } = given;
  const { direction, state, since, why, by, until, pending, waiting } = lane;
  const settled = direction === 'outbound' ? minute?.settled_outbound : minute?.settled_inbound;
  const lag = direction === 'outbound' ? minute?.lag_outbound : minute?.lag_inbound;
  return html`<tr id="lane-${system}-${account ?? ''}-${direction}" data-row>
    <th scope="row">
      <bdi>${system}</bdi>${!isOne && account !== null && html` <code>${account}</code>`} ${direction}
    </th>
    <td>${WORDS[state]}</td>
    <td class="num">${figure(settled)}</td>
    <td class="num">${figure(lag)}</td>
    <td class="num">${pending >= 10_000 ? '10 000 or more' : number(pending)}</td>
    <td class="num">${number(waiting)}</td>
    <td>${direction === 'outbound' ? budget(given) : html`<span class="quiet">–</span>`}</td>
    <td>
      ${why !== null && html`<bdi>${why}</bdi>`}${by !== null && html`<span class="quiet"> by ${by}</span>`}${since !== null && html`<span class="quiet"> since ${when(since, now)}</span>`}${until !== null && html`<span class="quiet">, tried again ${when(until, now)}</span>`}
    </td>
  </tr>`;
}

function figure(value: number | null | undefined): Part {
  return value === null || value === undefined ? html`<span class="quiet">–</span>` : number(value);
}

/** What is left of the rates and quotas, in words. */
function budget({ last_minute: minute, slowed, quotas }: SystemLanes): Html {
  const parts: Part[] = [
    minute !== null && html`${count(minute.calls, 'call')} / min`,
    minute !== null &&
      minute.throttled > 0 &&
      html`, <b class="wait">${number(minute.throttled)} throttled</b>`,
    slowed.map(({ endpoint, share }) => html`, <code>${endpoint}</code> at ${Math.round(share * 100)} %`),
    quotas.map(({ name, used, limit }) => html`, ${name} ${number(used)} of ${number(limit)}`),
  ];
  return minute === null && slowed.length + quotas.length === 0
    ? html`<span class="quiet">–</span>`
    : html`${parts}`;
}

/** Pauses or resumes a lane, for a person who may; the reason stands in the record of operations. */
export function lanePanel(systems: readonly SystemLanes[], seen: Seen, next: string): Html | false {
  if (!may(seen.me.scope, 'operator')) return false;
  const names = [...new Set(systems.map(({ system }) => system))];
  return html`<details class="card act" id="lane-act">
    <summary>Pause or resume a lane…</summary>
    ${['pause', 'resume'].map((verb) => form(seen, { to: `/lanes/${verb}`, scope: 'operator', body: fields(verb, names, next) }))}
  </details>`;
}

function fields(verb: string, names: readonly string[], next: string): Html {
  return html`<input type="hidden" name="next" value="${next}" />
    <label
      >system
      <select name="system">
        ${names.map((name) => html`<option>${name}</option>`)}
      </select></label
    >
    <label
      >direction
      <select name="direction">
        <option value="">both</option>
        <option>outbound</option>
        <option>inbound</option>
      </select></label
    >
    <label>reason <input name="reason" required maxlength="1000" size="40" /></label>
    <button>${verb === 'pause' ? 'Pause' : 'Resume'}</button>`;
}
