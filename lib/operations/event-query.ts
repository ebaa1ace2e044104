// The grammar of the lists of events: the same names, states and times in a URL and on the command
// line.
import { deliveryStatuses } from '../../db/deliveries.ts';
import type { EventFilter, EventStatus } from '../../db/events/list.ts';
import { isInstant } from '../catalogue/calendar.ts';
import type { Violation } from '../catalogue/check.ts';

export const eventStatuses: readonly EventStatus[] = ['unpublished', 'published', ...deliveryStatuses];

/** As texts: what `?status=parked,waiting&since=2h` and `--status parked,waiting --since 2h` say. */
export type EventWords = {
  status?: string;
  type?: string;
  /** A system, or internal: where the event goes. */
  system?: string;
  customer?: number;
  error?: string;
  since?: string;
  until?: string;
  needs_attention?: 'true' | 'false';
};

export const says = {
  status: `must be one or several, with commas, of ${eventStatuses.join(', ')}`,
  time: 'must have the form 30m, 2h or 7d, or be a time with its zone, such as 2026-01-31T12:00:00Z',
  type: 'must be a type such as customer.updated, or the beginning of one with an asterisk: customer.*',
  error: 'must be a code such as email_invalid: letters, digits, underscores, dots and dashes',
  both: 'cannot be given together with status: it asks for the states parked and waiting',
};

export const patterns = {
  type: '^([a-z0-9_\\-]+[.])*([a-z0-9_\\-]+|[*])$',
  error: '^[A-Za-z0-9_.:\\-]{1,100}$',
};

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Longer ago than anything is kept, and still a time that JavaScript has. */
const LONGEST_AGO_MS = 100 * 366 * 86_400_000;

/** `30m`, `2h` and `7d` before `now`, or a time with its zone; null for any other text. */
export function parseTime(text: string, now: Date): Date | null {
  const [, number, unit] = /^(\d{1,9})([mhd])$/.exec(text) ?? [];
  if (unit === undefined) return isInstant(text) ? new Date(text.toUpperCase()) : null;
  return new Date(now.getTime() - Math.min(Number(number) * (UNITS[unit] ?? 0), LONGEST_AGO_MS));
}

/** Null if one of the words is no status. */
export function parseStatuses(text: string): EventStatus[] | null {
  const words = text.split(',').map((word) => word.trim());
  const found = words.flatMap((word) => eventStatuses.find((status) => status === word) ?? []);
  return found.length === words.length ? [...new Set(found)] : null;
}

export type EventQuery = Omit<EventFilter, 'limit' | 'after'>;

/** The filter that the words ask for, or what is wrong with each word. */
export function readEventWords(
  words: EventWords,
  { systems, now }: { systems: readonly string[]; now: Date },
): { query: EventQuery } | { violations: Violation[] } {
  const violations: Violation[] = [];
  const read = <T>(name: keyof EventWords, rule: string, detail: string, value: T | null): T | undefined => {
    if (value !== null) return value;
    violations.push({ pointer: `/${name}`, rule, detail });
    return undefined;
  };
  const { status, system, since, until } = words;
  const needsAttention = words.needs_attention === 'true';
  const statuses =
    status === undefined ? undefined : read('status', 'enum', says.status, parseStatuses(status));
  const time = (name: 'since' | 'until', text: string | undefined) =>
    text === undefined ? undefined : read(name, 'format', says.time, parseTime(text, now));
  const [from, to] = [time('since', since), time('until', until)];
  if (from && to && from >= to) read('until', 'range', 'must be later than since', null);
  if (needsAttention && status !== undefined) read('needs_attention', 'exclusive', says.both, null);
  const targets = [...systems, 'internal'];
  if (system !== undefined && !targets.includes(system))
    read('system', 'enum', `must be one of ${targets.join(', ')}`, null);
  if (violations.length > 0) return { violations };
  const { type, customer, error } = words;
  return {
    query: {
      systems,
      statuses,
      type,
      target: system,
      customer,
      error,
      since: from,
      until: to,
      needsAttention,
    },
  };
}
