// A follower's position among the changes of customers, as a text that the follower keeps. The text
// contains everything that is needed to go on, so Twinbox stores nothing for any follower. The
// meaning of its parts: docs/relay.md and lib/customers/changes.ts.

import { createHash } from 'node:crypto';

/**
 * A snapshot as in PostgreSQL: transactions below xmin have ended, those from xmax on have not
 * begun, and of the transactions between them those in "running" have not ended.
 */
export type Snapshot = { xmin: number; xmax: number; running: number[] };

export type Position = {
  place: string;
  /** Every transaction that is visible in this snapshot has been delivered. */
  seen: Snapshot;
  /** No transaction at or above xmax of "seen" has written a row at or below this event id. */
  floor: number;
  /** The same for each transaction that was running in "seen", in their order. */
  lateFloors: number[];
  /** A transaction with an id at or above `xid` gets event ids above `id`. */
  next: { xid: number; id: number };
  /** The window that is being read, up to lastId; null between two windows. */
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

/** Letters, digits, dots and dashes, so that the position needs no encoding in a URL. */
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

/** null for a text that encodePosition has not made: cut, mistyped, or of another form. */
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

// Each number as the distance from the one before it, which keeps a list of a hundred transactions
// short.
function encodeSnapshot({ xmin, xmax, running }: Snapshot): string {
  return encodeNumbers([xmin, xmax - xmin, ...running.map((xid, at) => xid - (running[at - 1] ?? xmin))]);
}

function decodeSnapshot(text: string): Snapshot | null {
  const [xmin, length, ...steps] = decodeNumbers(text);
  if (xmin === undefined || length === undefined) return null;
  let xid = xmin;
  const running = steps.map((step) => (xid += step));
  const xmax = xmin + length;
  // The conditions of PostgreSQL; its own error message would look like a fault of Twinbox.
  const isOne =
    isTransactionId(xmin) &&
    isTransactionId(xmax) &&
    steps.every((step, at) => step > 0 || at === 0) &&
    running.every((each) => each < xmax);
  return isOne && Number.isSafeInteger(xmax) ? { xmin, xmax, running } : null;
}

/** The low half of a transaction id counts, and 0 in it is no transaction. */
function isTransactionId(xid: number): boolean {
  return xid % 2 ** 32 !== 0;
}

function encodeNumbers(numbers: number[]): string {
  return numbers.map((number) => number.toString(36)).join('-');
}

/** Empty if one of them is no number that can be stored exactly. */
function decodeNumbers(text: string): number[] {
  const numbers = text
    .split('-')
    .map((digits) => (/^[0-9a-z]+$/.test(digits) ? Number.parseInt(digits, 36) : Number.NaN));
  return numbers.every(Number.isSafeInteger) ? numbers : [];
}

/**
 * Not a protection against forgery, which would gain nothing, but against a position that was cut
 * on its way.
 */
function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
