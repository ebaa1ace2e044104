// A follower's place among the changes of customers, as a text that it keeps. Everything that has
// to be known to go on stands in it, so nothing is kept here for any follower. What its parts mean:
// docs/relay.md and lib/customers/changes.ts.

import { createHash } from 'node:crypto';

/**
 * PostgreSQL's own: transactions below xmin have ended, those from xmax on have not begun, and of
 * the others "running" run.
 */
export type Snapshot = { xmin: number; xmax: number; running: number[] };

export type Position = {
  place: string;
  /** Everything that is visible in it has been delivered. */
  seen: Snapshot;
  /** No row of a transaction at or above xmax of "seen" lies at or below this event id. */
  floor: number;
  /** The same for each transaction that was running in "seen", in their order. */
  lateFloors: number[];
  /** Whoever gets a transaction id from `xid` on draws event ids above `id`. */
  next: { xid: number; id: number };
  /** The window that is being read, up to lastId; null between windows. */
  window: { win: Snapshot; lastId: number; settledTo: number } | null;
};

export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax, list = ''] = text.split(':');
  return {
    xmin: Number(xmin),
    xmax: Number(xmax),
    running: list === '' ? [] : list.split(',').map(Number),
  };
}

export function snapshotText({ xmin, xmax, running }: Snapshot): string {
  return `${xmin}:${xmax}:${running.join(',')}`;
}

const FORM = '1';

/** Letters, digits, dots and dashes, so that it needs no encoding in a URL. */
export function encodePosition({ place, seen, floor, lateFloors, next, window }: Position): string {
  const parts = [
    FORM,
    place,
    encodeSnapshot(seen),
    encodeNumbers([floor, ...lateFloors.map((late) => floor - late)]),
    encodeNumbers([next.xid, next.id]),
    ...(window ? [encodeSnapshot(window.win), encodeNumbers([window.lastId, window.settledTo])] : []),
  ];
  const text = parts.join('.');
  return `${text}.${checksum(text)}`;
}

/** null for what encodePosition has not made: cut, mistyped, or of another form. */
export function decodePosition(text: string): Position | null {
  const end = text.lastIndexOf('.');
  const body = text.slice(0, Math.max(end, 0));
  if (checksum(body) !== text.slice(end + 1)) return null;
  const [form, place = '', seenText = '', floors = '', nextText = '', winText, readText] = body.split('.');
  const seen = decodeSnapshot(seenText);
  const [floor, ...late] = decodeNumbers(floors);
  const [xid, id] = decodeNumbers(nextText);
  if (form !== FORM || !seen || floor === undefined || xid === undefined || id === undefined) return null;
  const lateFloors = late.map((below) => floor - below);
  if (late.length !== seen.running.length || lateFloors.some((each) => each < 0)) return null;
  const position = { ...{ place, seen, floor, lateFloors }, next: { xid, id }, window: null };
  if (winText === undefined) return position;
  const win = decodeSnapshot(winText);
  const [lastId, settledTo] = decodeNumbers(readText ?? '');
  if (!win || lastId === undefined || settledTo === undefined) return null;
  return { ...position, window: { win, lastId, settledTo } };
}

// Each as the distance from the one before it: a list of a hundred transaction ids is short then.
function encodeSnapshot({ xmin, xmax, running }: Snapshot): string {
  return encodeNumbers([xmin, xmax - xmin, ...running.map((xid, at) => xid - (running[at - 1] ?? xmin))]);
}

function decodeSnapshot(text: string): Snapshot | null {
  const [xmin, length, ...steps] = decodeNumbers(text);
  if (xmin === undefined || length === undefined) return null;
  let xid = xmin;
  const running = steps.map((step) => (xid += step));
  const xmax = xmin + length;
  // What PostgreSQL demands of a snapshot; its own complaint would be taken for a fault of ours.
  const isOne =
    isTransactionId(xmin) &&
    isTransactionId(xmax) &&
    steps.every((step, at) => step > 0 || at === 0) &&
    running.every((each) => each < xmax);
  return isOne && Number.isSafeInteger(xmax) ? { xmin, xmax, running } : null;
}

/** The low half of an id counts, and 0 there is no transaction. */
function isTransactionId(xid: number): boolean {
  return xid % 2 ** 32 !== 0;
}

function encodeNumbers(numbers: number[]): string {
  return numbers.map((number) => number.toString(36)).join('-');
}

/** None at all where one of them is no number that can be held exactly. */
function decodeNumbers(text: string): number[] {
  const numbers = text
    .split('-')
    .map((digits) => (/^[0-9a-z]+$/.test(digits) ? Number.parseInt(digits, 36) : Number.NaN));
  return numbers.every(Number.isSafeInteger) ? numbers : [];
}

/**
 * Not against forgery, since there is nothing to gain by it: against a position that lost its end
 * on the way.
 */
function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
