// A line over time as SVG, drawn on the server. A minute without a measurement is a gap, never a zero.

import { html, type Html, type Part } from './html.ts';
import { duration, number } from './parts.ts';

export type Point = { at: string; /** Null: not measured. */ value: number | null };

export type Chart = {
  /** Of the page; ids are unique. */
  id: string;
  title: string;
  points: readonly Point[];
  unit: 'ms' | 'count';
  /** In the same unit: a dashed line. */
  promise?: number;
};

const [WIDTH, HEIGHT, TOP, LEFT, BOTTOM] = [520, 132, 12, 52, 18];
const MINUTE = 60_000;

export function chart({ id, title, points, unit, promise }: Chart, now: Date): Html {
  const known = points.flatMap(({ value }) => value ?? []);
  const says = (value: number): string => (unit === 'ms' ? duration(value) : number(Math.round(value)));
  const last = points.at(-1);
  if (known.length === 0) return noData({ id, title });
  const highest = Math.max(...known);
  const top = niceTop(Math.max(highest, promise ?? 0, 1));
  const from = now.getTime() - 60 * MINUTE;
  const x = (at: string): number =>
    LEFT + ((new Date(at).getTime() - from) / (60 * MINUTE)) * (WIDTH - LEFT - 8);
  const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const inSight = points.filter(({ at }) => new Date(at).getTime() >= from);
  const level = (value: number, name: string): Html =>
    html`<line
      class="${name}"
      x1="${LEFT}"
      x2="${WIDTH - 8}"
      y1="${y(value).toFixed(1)}"
      y2="${y(value).toFixed(1)}"
    />`;
  const label = `${title}: now ${last?.value === null || last === undefined ? 'not known' : says(last.value)}, highest ${says(highest)}`;
  return html`<figure class="card chart" data-live="part" id="${id}">
    <figcaption>
      ${title} <b>${last?.value === null || last === undefined ? '–' : says(last.value)}</b>
    </figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
      ${level(0, 'axis')}${level(top, 'axis')}${promise !== undefined && level(promise, 'promise')}
      <text x="${LEFT - 6}" y="${y(top) + 4}" class="end">${says(top)}</text>
      <text x="${LEFT - 6}" y="${y(0) + 4}" class="end">${says(0)}</text>
      <text x="${LEFT}" y="${HEIGHT - 2}">60 min ago</text>
      <text x="${WIDTH - 8}" y="${HEIGHT - 2}" class="end">now</text>
      ${stretches(inSight).map((stretch) => line(stretch, { x, y }))}
      ${inSight.map(({ at, value }) => value !== null && html`<circle cx="${x(at).toFixed(1)}" cy="${y(value).toFixed(1)}" r="1.5"><title>${at.slice(11, 16)} ${says(value)}</title></circle>`)}
    </svg>
  </figure>`;
}

type Scale = { x(at: string): number; y(value: number): number };

function line(stretch: readonly { at: string; value: number }[], { x, y }: Scale): Part {
  const path = stretch.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return stretch.length > 1 && html`<polyline points="${path}" />`;
}

/** What was measured minute after minute; a missing minute begins another one. */
function stretches(points: readonly Point[]): { at: string; value: number }[][] {
  const all: { at: string; value: number }[][] = [];
  let before: number | null = null;
  for (const { at, value } of points) {
    const time = new Date(at).getTime();
    if (value === null) {
      before = null;
      continue;
    }
    if (before === null || time - before > 1.5 * MINUTE) all.push([]);
    all.at(-1)?.push({ at, value });
    before = time;
  }
  return all;
}

/** 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((times) => times * power >= value) ?? 10) * power;
}

function noData({ id, title }: Pick<Chart, 'id' | 'title'>): Html {
  return html`<figure class="card chart" data-live="part" id="${id}">
    <figcaption>${title}</figcaption>
    <p class="quiet">Nothing was measured in the last hour.</p>
  </figure>`;
}
