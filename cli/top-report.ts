// The picture of `twinbox top`, as lines for a person.
import type { LaneTraffic, Traffic } from '../lib/operations/traffic.ts';
import { shortTime } from './choices.ts';
import { count, table } from './output.ts';

const HEAD = ['lane', 'state', 'on their way', 'calls/s', 'failed', 'p95', 'events/min', 'rate', 'quota'];

export function topLines({ at, lanes, inbound, relaySecondsBehind, notReceived }: Traffic): string[] {
  const { events, more, oldest } = notReceived;
  const waiting =
    events === 0
      ? 'none is waiting for a worker'
      : `${events}${more ? ' or more' : ''} ${events === 1 && !more ? 'waits' : 'wait'} for a worker${oldest ? `, the oldest since ${shortTime(oldest)}` : ''}`;
  return [
    `${shortTime(at)} UTC   relay ${relaySecondsBehind} s behind   published events: ${waiting}`,
    '',
    ...table([HEAD, ...lanes.map(laneRow)]),
    '',
    `into our table: ${count(inbound.received, 'event')} in the last minute, ${inbound.settled} settled`,
  ];
}

function laneRow(lane: LaneTraffic): string[] {
  const { calls, failed, p95Ms } = lane.calls;
  return [
    lane.system,
    sayState(lane),
    String(lane.onTheirWay),
    (calls / 60).toFixed(1),
    calls === 0 ? '–' : `${Math.round((100 * failed) / calls)} %`,
    calls === 0 ? '–' : `${p95Ms} ms`,
    `${lane.events.received} (${lane.events.settled} settled)`,
    `${Math.round(lane.rateShare * 100)} %`,
    lane.budgets.map(({ name, used, limit }) => `${name} ${Math.floor((100 * used) / limit)} %`).join(', ') ||
      '–',
  ];
}

function sayState({ state, detail, since, until }: LaneTraffic): string {
  const words = state.replaceAll('_', ' ');
  return [
    words,
    ...(since ? [`since ${shortTime(since)}`] : []),
    ...(until ? [`until ${shortTime(until)}`] : []),
    ...(detail === null || state === 'no_worker' ? [] : [`(${detail})`]),
  ].join(' ');
}
