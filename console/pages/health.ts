// /health: is the machine all right?

import type { Got } from '../api.ts';
import { chart, type Point } from '../chart.ts';
import { html, type Html } from '../html.ts';
import { page, type Asked, type Seen, type View } from '../page.ts';
import { age, duration, empty, pill, table, toned, when } from '../parts.ts';

export type Samples = Got<'/api/v1/samples'>;
type Sample = Samples['samples'][number];
type Process = Samples['processes'][number];
type Direction = 'outbound' | 'inbound';

const PATH = '/api/v1/samples';
const PROMISE_MS = 5_000;
/** A difference of clocks that makes times of a timeline doubtful. */
const SKEW_MS = 1_000;

async function load({ api }: Asked): Promise<Samples> {
  return api.get(PATH);
}

export function healthView({ samples, processes }: Samples, { now }: Seen): View {
  const last = samples.at(-1);
  return {
    title: 'Health',
    main: html`${noSamples(last, now)}${skew(last)}
      <div class="charts">${charts(samples, now)}</div>
      <h2>Processes</h2>
      ${processes.length === 0 ? empty('No process has shown a sign of life in the last hour.') : processTable(processes, now)}`,
    same: { cli: 'top', api: PATH },
  };
}

function noSamples(last: Sample | undefined, now: Date): Html | false {
  const isOld = last === undefined || now.getTime() - new Date(last.minute).getTime() > 180_000;
  return (
    isOld &&
    html`<p class="note wait">
      No data since ${last === undefined ? 'the start' : last.minute.slice(11, 16)}: a worker measures once a
      minute. Is one running? See <a href="#processes">the processes</a>.
    </p>`
  );
}

function skew(last: Sample | undefined): Html | false {
  const off = last?.clock_skew_ms ?? 0;
  return (
    Math.abs(off) > SKEW_MS &&
    html`<p class="note wait">
      The clock of the worker that measures is ${duration(Math.abs(off))} ${off > 0 ? 'ahead of' : 'behind'}
      the clock of the database.
    </p>`
  );
}

function charts(samples: readonly Sample[], now: Date): Html[] {
  const lanes = unique(
    samples.flatMap(({ lanes: of }) => of.map(({ system, direction }) => `${system} ${direction}`)),
  ).map((name) => name.split(' ') as [string, Direction]);
  const systems = unique(samples.flatMap(({ calls }) => calls.map(({ system }) => system)));
  const line = (title: string, value: (sample: Sample) => number | null | undefined, more: object): Html =>
    chart({ id: idOf(title), title, points: pointsOf(samples, value), unit: 'ms', ...more }, now);
  const counted = { unit: 'count' };
  return [
    ...lanes.flatMap(([system, direction]) => [
      ...(['p50', 'p99'] as const).map((which) =>
        line(
          `${system} ${direction}: ${which} propagation`,
          (each) => laneOf(each, system, direction)?.times_ms.whole[which],
          {
            promise: PROMISE_MS,
          },
        ),
      ),
      line(
        `${system} ${direction}: events a minute`,
        (each) => laneOf(each, system, direction)?.settled,
        counted,
      ),
      // A bus inside the process has no consumer that could be behind.
      ...(samples.some((each) => isKnown(laneOf(each, system, direction)?.lag))
        ? [
            line(
              `${system} ${direction}: consumer lag`,
              (each) => laneOf(each, system, direction)?.lag,
              counted,
            ),
          ]
        : []),
    ]),
    line('oldest unsent event', (each) => each.oldest_unsent_s * 1_000, { promise: PROMISE_MS }),
    ...systems.flatMap((system) => [
      line(`${system}: calls a minute`, (each) => callsOf(each, system)?.calls, counted),
      line(`${system}: answered 429`, (each) => callsOf(each, system)?.throttled, counted),
      line(`${system}: rate tokens left`, (each) => callsOf(each, system)?.tokens, counted),
    ]),
  ];
}

function pointsOf(samples: readonly Sample[], value: (sample: Sample) => number | null | undefined): Point[] {
  return samples.map((each) => ({ at: each.minute, value: value(each) ?? null }));
}

function laneOf({ lanes }: Sample, system: string, direction: Direction) {
  return lanes.find((each) => each.system === system && each.direction === direction);
}

function callsOf({ calls }: Sample, system: string) {
  return calls.find((each) => each.system === system);
}

function isKnown(value: number | null | undefined): boolean {
  return value !== null && value !== undefined;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted();
}

function idOf(title: string): string {
  return `chart-${title.replaceAll(/[^a-z0-9]+/gi, '-')}`;
}

function processTable(processes: readonly Process[], now: Date): Html {
  return html`<div id="processes">
    ${table(
      'Processes',
      ['process', 'role', 'state', 'says', 'version', 'since', 'last sign', 'problem'],
      processes.map(
        ({ process, role, living, state, version, since, seen_at: seen, stopped_at: stopped, problem }) =>
          html`<tr id="p-${role}-${process}" data-row>
            <th scope="row"><code>${process}</code></th>
            <td>${role}</td>
            <td>
              ${stopped !== null ? toned('plain', 'stopped') : living ? pill('running') : toned('bad', 'no sign of life')}
            </td>
            <td class="quiet">${state ?? '–'}</td>
            <td>${version ?? '–'}</td>
            <td>${when(since, now)}</td>
            <td title="${seen}">${age(seen, now)} ago</td>
            <td>${problem === null ? html`<span class="quiet">–</span>` : html`<bdi>${problem}</bdi>`}</td>
          </tr>`,
      ),
      'process-rows',
    )}
  </div>`;
}

export const healthPage = page({
  path: '/health',
  scope: 'viewer',
  nav: { text: 'Health', key: 'h', order: 7 },
  load,
  view: healthView,
});
