// What a person can do about a pair, as the API offers it: each command that `can_do` names and that has a page
// here. Nothing is offered that the API does not offer.

import { addressOf } from './api.ts';
import type { Explanation, Pair } from './sides.ts';

export const ACTS = [
  'accept-deletion',
  'choose',
  'create',
  'consent',
  'recreate',
  'let-go',
  'record',
  'pause',
  'resume',
] as const;
export type ActName = (typeof ACTS)[number];

export type Offer = {
  act: ActName;
  mapping: number;
  system: string;
  /** The record that is named; null where none is, or the person types it. */
  record: string | null;
  /** What it does, in the words of the API. */
  does: string;
  /** The same as a command, without `npx twinbox`. */
  command: string;
};

type Remedy = Pair['can_do'][number];

/** Null for a command that has no page here. */
export function offerOf({ mapping, system }: Pair, { command, does }: Remedy): Offer | null {
  const line = command.replace(/^npx twinbox /, '');
  const [, verb, rest = ''] = /^(link|resolve|resume) (.*)$/.exec(line) ?? [];
  const of = (act: ActName, record: string | null = null): Offer => ({
    ...{ act, mapping, system, record, does },
    command: line,
  });
  if (verb === 'resume') return / --customer \d+$/.test(rest) ? of('resume') : null;
  const [, who, flag, value = null] = /^(\d+|--mapping \d+)(?: --([\w-]+)(?: (\S+))?)?$/.exec(rest) ?? [];
  if (who === undefined) return null;
  if (verb === 'link') return ofLink(flag, value, of);
  if (flag === 'recreate' || flag === 'let-go') return of(flag);
  return flag === 'record' ? of('record', value === 'ID' ? null : value) : null;
}

function ofLink(
  flag: string | undefined,
  value: string | null,
  of: (act: ActName, record?: string | null) => Offer,
): Offer | null {
  switch (flag) {
    case undefined:
      return of('consent');
    case 'record':
      return value === null ? null : of('choose', value);
    case 'create':
    case 'accept-deletion':
      return of(flag);
    default:
      return null;
  }
}

/** All of them; a living customer can be paused at each system. */
export function offersOf({ customer, pairs }: Pick<Explanation, 'customer' | 'pairs'>): Offer[] {
  const row = customer !== null && customer.deleted_at === null ? customer.id : null;
  const own = pairs.filter((pair) => pair.role === 'primary' && pair.customer !== null && !isPaused(pair));
  const bySystem = new Map(own.map((pair) => [pair.system, pair]));
  return [
    ...pairs.flatMap((pair) => pair.can_do.flatMap((remedy) => offerOf(pair, remedy) ?? [])),
    ...(typeof row === 'number' ? [...bySystem.values()].map((pair) => pauseOf(pair, row)) : []),
  ];
}

export function isPaused({ not_now: obstacles }: Pair): boolean {
  return obstacles.some(({ kind }) => kind === 'row_paused');
}

function pauseOf({ mapping, system }: Pair, customer: number): Offer {
  const does = 'nothing of this customer is sent to the system or taken from it until it is resumed';
  const command = `pause ${system} --customer ${customer}`;
  return { act: 'pause', mapping, system, record: null, does, command };
}

/** Below /console; `about` is `/customers/42`, or `/mappings/7` for a pair without a customer. */
export function pageOf({ act, mapping, record }: Offer, about: string): string {
  return addressOf(`/console${about}/${act}`, { query: { mapping, ...(record !== null && { record }) } });
}
