// Error groups: what needs a person, by its cause, instead of one row for each customer. A group is
// known by a fingerprint of its system, the class of the failure, its code and the field.
import { createHash } from 'node:crypto';
import {
  readErrorGroups,
  readGroupMembers,
  readPairs,
  readOpenEvents,
  type ErrorGroup,
  type GroupKey,
  type StandingPair,
} from '../../db/mappings/error-groups.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { Db } from '../../db/server/connection.ts';
import { whyParkedOrWaiting } from './explain-reasons.ts';
import { meaningOf, type Meaning } from './meanings.ts';

/** More causes at once are no list that a person reads. */
export const GROUPS_MAX = 100;

export type ExplainedGroup = Omit<ErrorGroup, 'example'> &
  Meaning & {
    fingerprint: string;
    example: GroupMember | null;
  };

export type GroupMember = {
  mapping: number;
  customer: number | null;
  externalId: string | null;
  state: string;
  since: Date;
  /** Its newest event that is not done; null if it has none. */
  eventId: string | null;
  /** A person has closed it, and nothing has happened since. */
  closed: boolean;
  /** The reason in a sentence. */
  says: string | null;
};

/** Twelve hexadecimal digits: the same on every machine. */
export function fingerprintOf({ system, class: of, code, field }: GroupKey): string {
  const whole = JSON.stringify([system, of, code, field]);
  return createHash('sha256').update(whole).digest('hex').slice(0, 12);
}

/**
 * The largest groups first: those with a pair that no person has closed, or with `closed` those all of
 * whose pairs are closed.
 */
export async function readGroups(
  db: Db,
  entity: Entity,
  filter: { system?: string | undefined; closed?: boolean } = {},
): Promise<ExplainedGroup[]> {
  return explained(db, entity, await readErrorGroups(db, { closed: false, ...filter, limit: GROUPS_MAX }));
}

async function explained(db: Db, entity: Entity, groups: readonly ErrorGroup[]): Promise<ExplainedGroup[]> {
  const ids = groups.map(({ example }) => example);
  const [pairs, events] = await Promise.all([readPairs(db, ids), readOpenEvents(db, ids)]);
  return groups.map((group) => {
    const pair = pairs.find(({ mapping }) => mapping.id === group.example);
    return {
      ...group,
      ...meaningOf(group),
      fingerprint: fingerprintOf(group),
      example: pair ? memberOf(pair, events, entity) : null,
    };
  });
}

/** Null if no pair is in such a group now. */
export async function readGroup(
  db: Db,
  entity: Entity,
  fingerprint: string,
  limit: number,
): Promise<(ExplainedGroup & { members: GroupMember[] }) | null> {
  const found = (await readErrorGroups(db, {})).filter((each) => fingerprintOf(each) === fingerprint);
  const [group] = await explained(db, entity, found);
  if (!group) return null;
  const pairs = await readGroupMembers(db, group, limit);
  const events = await readOpenEvents(
    db,
    pairs.map(({ mapping }) => mapping.id),
  );
  return { ...group, members: pairs.map((pair) => memberOf(pair, events, entity)) };
}

function memberOf(
  { mapping, since, closed }: StandingPair,
  events: ReadonlyMap<number, string>,
  entity: Entity,
): GroupMember {
  const { id, internalId, externalId, state, lastError } = mapping;
  const message = lastError?.['message'];
  return {
    mapping: id,
    customer: internalId,
    externalId,
    state,
    since,
    eventId: events.get(id) ?? null,
    closed,
    says: whyParkedOrWaiting(mapping, entity) ?? (typeof message === 'string' ? message : null),
  };
}

export function groupJson(group: ExplainedGroup) {
  const { fingerprint, system, code, field, count, closed, parked, waiting, retrying } = group;
  const { customers, means, cure } = group;
  return {
    ...{ fingerprint, system, class: group.class, code, field },
    ...{ count, closed, parked, waiting, retrying, customers },
    first_seen: group.firstSeen,
    last_seen: group.lastSeen,
    ...{ means, cure },
    example: group.example && memberJson(group.example),
  };
}

export function memberJson(member: GroupMember) {
  const { mapping, customer, externalId, state, since, eventId, closed, says } = member;
  return { mapping, customer, external_id: externalId, state, since, event_id: eventId, closed, says };
}
