// Arguments that several commands have, checked when they are read.
import { InvalidArgumentError } from 'commander';
import { systemClock } from '../lib/clock.ts';
import { parseTime, says } from '../lib/operations/event-query.ts';

/** A whole number from 1: an id. */
export function toId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return id;
}

export const LIMIT_MAX = 1_000;

/** The largest number of rows that a list shows. */
export function toLimit(text: string): number {
  const limit = toId(text);
  if (limit > LIMIT_MAX)
    throw new InvalidArgumentError(`It must be at most ${LIMIT_MAX}; --after shows the next ones.`);
  return limit;
}

export function toUuid(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a UUID.`);
  return text.toLowerCase();
}

/** `30m`, `2h` and `7d` ago, or a time with its zone: the text, checked. */
export function toTimeWord(text: string): string {
  if (parseTime(text, systemClock.now()) === null) throw new InvalidArgumentError(`It ${says.time}.`);
  return text;
}

/** With milliseconds, since the steps of one event are often within one second. */
export function preciseTime(at: Date): string {
  return `${shortTime(at)}.${String(at.getUTCMilliseconds()).padStart(3, '0')}`;
}

/** A time as people read it, in UTC. */
export function shortTime(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
