// Arguments that several commands have, checked when they are read.
import { InvalidArgumentError } from 'commander';
import { systemClock } from '../lib/clock.ts';
import { parseTime, says } from '../lib/operations/event-query.ts';
import { rates } from '../lib/operations/replay-rates.ts';

/** A whole number from 1: an id. */
export function toId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return id;
}

/** A reason that is given is one: an API refuses the others too. */
export function toReason(text: string): string {
  if (text.trim() === '' || text.length > 1_000)
    throw new InvalidArgumentError('It must say why, in 1 to 1000 characters.');
  return text;
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

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `45s`, `30m`, `12h` or `90d` in milliseconds; 0 is 0. */
export function toMs(text: string): number {
  if (/^\d{7,}[smhd]?$/.test(text))
    throw new InvalidArgumentError('It must be at most 999999 of a unit, such as 3650d.');
  const [, number, unit] = /^(\d{1,6})([smhd]?)$/.exec(text) ?? [];
  if (number === undefined || (unit === '' && Number(number) !== 0))
    throw new InvalidArgumentError('It must have the form 45s, 30m, 12h or 90d, or be 0.');
  return Number(number) * (UNITS[unit ?? ''] ?? 0);
}

/** `90d` from now on, or a time with its zone that is to come. */
export function toTimeAhead(text: string): Date {
  const isLength = /^\d+[smhd]$/.test(text);
  const at = isLength ? Date.now() + toMs(text) : Date.parse(text);
  const hasZone = isLength || /(Z|[+-]\d\d:?\d\d)$/i.test(text);
  if (Number.isNaN(at) || !hasZone || at <= Date.now())
    throw new InvalidArgumentError(
      'It must have the form 12h or 90d, or be a time to come such as 2027-01-31T12:00:00Z.',
    );
  return new Date(at);
}

/** `30m`, `2h` and `7d` ago, or a time with its zone. */
export function toTime(text: string): Date {
  const at = parseTime(text, systemClock.now());
  if (at === null) throw new InvalidArgumentError(`It ${says.time}.`);
  return at;
}

/** The same as a text, checked. */
export function toTimeWord(text: string): string {
  toTime(text);
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

/** Twelve hexadecimal digits: the fingerprint of an error group. */
export function toFingerprint(text: string): string {
  if (!/^[0-9a-f]{12}$/.test(text))
    throw new InvalidArgumentError('It must be a fingerprint: twelve hexadecimal digits.');
  return text;
}

/** Pairs per second. */
export function toRate(text: string): number {
  const rate = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN;
  if (!(rate >= rates.least && rate <= rates.most))
    throw new InvalidArgumentError(`It must be a number from ${rates.least} to ${rates.most}.`);
  return rate;
}

/** A part of 1. */
export function toShare(text: string): number {
  const share = /^[01](\.\d{1,4})?$/.test(text) ? Number(text) : NaN;
  if (!(share >= 0 && share <= 1))
    throw new InvalidArgumentError('It must be a number from 0 to 1, such as 0.2.');
  return share;
}
