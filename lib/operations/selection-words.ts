// The grammar in which deliveries are selected for a replay or a closing: the same words in the body of
// a request and on the command line.
import { deliveryStatuses, type DeliveryStatus } from '../../db/deliveries.ts';
import { MOST_DELIVERIES, type Selection } from '../../db/replays/selection.ts';
import { readErrorGroups } from '../../db/mappings/error-groups.ts';
import type { Db, Tx } from '../../db/server/connection.ts';
import type { Violation } from '../catalogue/check.ts';
import { fingerprintOf } from './error-groups.ts';
import { parseTime, says as saysOfLists } from './event-query.ts';

/** As texts: what `{"status": "parked,waiting", "since": "2h"}` and `--status parked,waiting` say. */
export type SelectionWords = {
  /** Event ids, with commas. */
  id?: string;
  status?: string;
  /** The fingerprint of an error group. */
  group?: string;
  customer?: number;
  error?: string;
  direction?: 'in' | 'out';
  since?: string;
  until?: string;
  system?: string;
  /** Only pairs that a person has closed. Without it they are left out, unless an id or a customer names them. */
  closed?: boolean;
  /** The most deliveries; the oldest are taken. */
  max?: number;
};

const MOST_IDS = 1_000;

export const says = {
  ...saysOfLists,
  id: `must be the ids of 1 to ${MOST_IDS} events (UUIDs), with commas between them`,
  status: `must be one or several, with commas, of ${deliveryStatuses.join(', ')}`,
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type Selected =
  | { outcome: 'selected'; selection: Selection }
  | { outcome: 'invalid'; violations: Violation[] }
  | { outcome: 'no_group'; fingerprint: string };

/** A selection, or how it is read in the transaction of the operation, behind the look-up of its key. */
export type Selecting = Selection | ((tx: Tx) => Promise<Selection>);

export async function selectionIn(tx: Tx, selection: Selecting): Promise<Selection> {
  return typeof selection === 'function' ? await selection(tx) : selection;
}

/**
 * What the words select. Without an id, a status and a group it is what is parked; with a group every
 * open delivery of its pairs. Pairs that a person has closed are selected by an id, a customer or `closed` alone.
 */
export async function readSelection(
  db: Db | Tx,
  words: SelectionWords,
  { systems, entity, now }: { systems: readonly string[]; entity: string; now: Date },
): Promise<Selected> {
  const violations: Violation[] = [];
  const wrong = (name: keyof SelectionWords, rule: string, detail: string): void =>
    void violations.push({ pointer: `/${name}`, rule, detail });
  const { group: fingerprint, customer, error, direction, system } = words;
  const ids = words.id === undefined ? null : toIds(words.id);
  if (words.id !== undefined && ids === null) wrong('id', 'format', says.id);
  const statuses = words.status === undefined ? null : toStatuses(words.status);
  if (words.status !== undefined && statuses === null) wrong('status', 'enum', says.status);
  const since = words.since === undefined ? null : parseTime(words.since, now);
  if (words.since !== undefined && since === null) wrong('since', 'format', says.time);
  const until = words.until === undefined ? null : parseTime(words.until, now);
  if (words.until !== undefined && until === null) wrong('until', 'format', says.time);
  if (since && until && since >= until) wrong('until', 'range', 'must be later than since');
  if (system !== undefined && !systems.includes(system))
    wrong('system', 'enum', `must be one of ${systems.join(', ')}`);
  if (violations.length > 0) return { outcome: 'invalid', violations };
  const closed = words.closed ?? (ids !== null || customer !== undefined ? null : false);
  const group = fingerprint === undefined ? null : await findGroup(db, fingerprint, closed);
  if (group === undefined) return { outcome: 'no_group', fingerprint: fingerprint ?? '' };
  const selection: Selection = {
    systems: system === undefined ? systems : [system],
    ids,
    statuses: statuses ?? (ids || group ? null : ['parked']),
    group,
    row: customer === undefined ? null : { entity, id: customer },
    error: error ?? null,
    direction: direction ?? null,
    since: since?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    closed,
    most: words.max ?? MOST_DELIVERIES,
  };
  return { outcome: 'selected', selection };
}

/** Undefined if no such pair is in such a group now. */
async function findGroup(
  db: Db | Tx,
  fingerprint: string,
  closed: boolean | null,
): Promise<Selection['group'] | undefined> {
  const groups = await readErrorGroups(db, { closed: closed === false ? false : null });
  const found = groups.find((each) => fingerprintOf(each) === fingerprint);
  return found && { system: found.system, class: found.class, code: found.code, field: found.field };
}

function toIds(text: string): string[] | null {
  const ids = [...new Set(text.split(',').map((id) => id.trim().toLowerCase()))];
  return ids.length <= MOST_IDS && ids.every((id) => UUID.test(id)) ? ids.sort() : null;
}

function toStatuses(text: string): DeliveryStatus[] | null {
  const named = text.split(',').map((word) => word.trim());
  const found = deliveryStatuses.filter((status) => named.includes(status));
  return named.every((word) => found.some((status) => status === word)) ? found : null;
}
