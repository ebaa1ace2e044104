// The API and `twinbox import` write customers only through this file. Outcomes are data; only
// faults are thrown.
//
// Every write is one statement (db/entities/rows.ts). A crash before its commit leaves nothing; after
// the commit the row and its event exist, and the relay finds the event with or without the nudge.

import { isDeepStrictEqual } from 'node:util';
import { asKept } from '../../db/entities/row-forms.ts';
import { keepAnswer, type Once } from '../../db/idempotent-writes.ts';
import { isRepeatable, type Db, type Tx } from '../../db/server/connection.ts';
import {
  deleteRow,
  findIdentityHolder,
  insertRow,
  isIdentityTaken,
  readRow,
  updateRow,
  type MappedRow,
  type RowFields,
  type Stamp,
} from '../../db/entities/rows.ts';
import { describeRefusal, RowSwallowed, type TableRefusal } from '../../db/row-rules.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { Clock } from '../clock.ts';
import { failpoint } from '../failpoint.ts';
import { createGatheredInserts } from './gathered-inserts.ts';
import { newEventId } from '../uuid.ts';

/**
 * Who asks, and why, for the event's context. `source` is "internal" by default. With `once` the write
 * is made once, and its answer is kept, also of a change that changes nothing: instead of a second
 * time, AnsweredBefore or KeyInUse is thrown. A write that is refused keeps nothing.
 */
export type Origin = { context: Record<string, unknown>; source?: string; once?: Once };

/**
 * One version, or several of which the row must have one; without it, the row may have any version.
 */
export type Condition = { ifVersion?: number | readonly number[] };

export type Refusal =
  /** There is no such customer, or it was deleted. */
  | { outcome: 'gone' }
  /** It has another version than the caller saw; `customer` is what it is now. */
  | { outcome: 'version_mismatch'; customer: MappedRow }
  /** Another living customer has this identity (the email, unless the configuration names another field). */
  | { outcome: 'duplicate_email'; rivalId: number }
  /** A rule or a trigger of the table refuses the row, or made nothing of the write. */
  | { outcome: 'refused'; refusal: TableRefusal }
  /** Others changed the row at every try. The same call may succeed at once. */
  | { outcome: 'contended' };

export type CreateOutcome = { outcome: 'created'; customer: MappedRow } | Refusal;
export type ChangeOutcome = { outcome: 'updated' | 'unchanged'; customer: MappedRow } | Refusal;
export type RemoveOutcome = { outcome: 'deleted'; customer: MappedRow } | Refusal;

export type CustomerStore = {
  create(values: RowFields, origin: Origin): Promise<CreateOutcome>;
  replace(id: number, values: RowFields, condition: Condition, origin: Origin): Promise<ChangeOutcome>;
  patch(id: number, values: RowFields, condition: Condition, origin: Origin): Promise<ChangeOutcome>;
  remove(id: number, condition: Condition, origin: Origin): Promise<RemoveOutcome>;
};

export type CustomerStoreDeps = {
  /** In a transaction each write is a savepoint: one that is refused leaves the others. */
  db: Db | Tx;
  clock: Clock;
  entity: Entity;
  /** Called after each commit to wake the relay; the caller combines many calls into one. */
  nudge: () => void;
  /** Milliseconds that only go on; for tests. */
  elapsed?: () => number;
};

/**
 * A bound, in case other writers change the row or email without a pause. Two writers need one more
 * try.
 */
const MAX_TRIES = 10;

export function createCustomerStore({ db, clock, entity, nudge, ...rest }: CustomerStoreDeps): CustomerStore {
  const stamp = (origin: Origin): Stamp => stampOf(origin, clock.now());

  const written = (): Promise<void> => afterWrite(nudge);
  const attempt = <T>(write: (at: Db | Tx) => Promise<T>): Promise<T> =>
    db.isTransaction ? db.transaction(write) : write(db);
  const insert = inserterOf({ db, entity, ...rest }, attempt);

  async function create(values: RowFields, origin: Origin): Promise<CreateOutcome> {
    return untilDecided(async () => {
      try {
        const customer = await insert(values, stamp(origin));
        await written();
        return { outcome: 'created', customer };
      } catch (error) {
        return await refusedWrite(error, values[entity.identity ?? '']);
      }
    });
  }

  async function patch(
    id: number,
    values: RowFields,
    condition: Condition,
    origin: Origin,
  ): Promise<ChangeOutcome> {
    const how = { ...condition, refuseTurnedBack: true };
    const isSwallowed = noteUntouched();
    return untilDecided(async () => {
      try {
        const customer = await attempt((at) => updateRow(at, entity, id, values, how, stamp(origin)));
        if (customer) {
          await written();
          return { outcome: 'updated', customer };
        }
      } catch (error) {
        return await refusedWrite(error, values[entity.identity ?? '']);
      }
      const present = await readLiving(id, condition);
      if (present.outcome !== 'present') return present;
      const { customer } = present;
      if (hasValues(customer, values))
        return keepUnchanged(db, stamp(origin), customer).then(() => ({ outcome: 'unchanged', customer }));
      return isSwallowed(customer) ? refusedWrite(new RowSwallowed('update'), undefined) : 'again';
    });
  }

  async function remove(id: number, condition: Condition, origin: Origin): Promise<RemoveOutcome> {
    const isSwallowed = noteUntouched();
    return untilDecided(async () => {
      try {
        const customer = await attempt((at) => deleteRow(at, entity, id, condition, stamp(origin)));
        if (customer) {
          await written();
          return { outcome: 'deleted', customer };
        }
      } catch (error) {
        return await refusedWrite(error, undefined);
      }
      const present = await readLiving(id, condition);
      if (present.outcome !== 'present') return present;
      return isSwallowed(present.customer) ? refusedWrite(new RowSwallowed('update'), undefined) : 'again';
    });
  }

  /**
   * Why a write changed no row, in the order that a caller has to know: deleted, changed by another
   * writer, or unchanged.
   */
  async function readLiving(
    id: number,
    { ifVersion }: Condition,
  ): Promise<Refusal | { outcome: 'present'; customer: MappedRow }> {
    const customer = await readRow(db, entity, id);
    if (!customer || customer.deletedAt) return { outcome: 'gone' };
    if (ifVersion !== undefined && ![ifVersion].flat().includes(customer.version)) {
      return { outcome: 'version_mismatch', customer };
    }
    return { outcome: 'present', customer };
  }

  /**
   * An error that is an answer becomes an outcome or another try; any other error is thrown again.
   */
  async function refusedWrite(
    error: unknown,
    identity: RowFields[string] | undefined,
  ): Promise<Refusal | 'again'> {
    if (isRepeatable(error)) return 'again';
    if (!isIdentityTaken(entity, error) || typeof identity !== 'string') {
      const refusal = await describeRefusal(db, entity, error);
      if (refusal === null) throw error;
      return { outcome: 'refused', refusal };
    }
    const rivalId = await findIdentityHolder(db, entity, identity);
    return rivalId === null ? 'again' : { outcome: 'duplicate_email', rivalId };
  }

  return { create, replace: patch, patch, remove };
}

/** Together with those of other requests, where the row is no part of a transaction and has no claim of a key. */
function inserterOf(
  { db, entity, elapsed }: Pick<CustomerStoreDeps, 'db' | 'entity' | 'elapsed'>,
  attempt: (write: (at: Db | Tx) => Promise<MappedRow>) => Promise<MappedRow>,
): (values: RowFields, stamp: Stamp) => Promise<MappedRow> {
  const gathered = db.isTransaction
    ? null
    : createGatheredInserts({ db, entity, ...(elapsed && { elapsed }) });
  return (values, stamp) =>
    gathered && !stamp.once ? gathered(values, stamp) : attempt((at) => insertRow(at, entity, values, stamp));
}

/** Row and event are stored. What follows wakes the relay and answers: a crash may lose it. */
async function afterWrite(nudge: () => void): Promise<void> {
  nudge();
  await failpoint('customers.written');
}

function stampOf({ context, source = 'internal', once }: Origin, now: Date): Stamp {
  return { eventId: newEventId(now), source, context, now, ...(once && { once }) };
}

/** A crash before it leaves nothing: a repeat decides anew whether there is something to change. */
async function keepUnchanged(db: Db | Tx, { eventId, once }: Stamp, customer: MappedRow): Promise<void> {
  if (once) await keepAnswer(db, once, { id: eventId, written: asKept(customer) });
}

/**
 * Returns a function that says whether the table dropped a write: the row still has the version
 * that it had after the try before, so this try met the row in that version and changed nothing.
 */
function noteUntouched(): (missed: MappedRow) => boolean {
  let before: number | null = null;
  return ({ version }) => {
    const isUntouched = version === before;
    before = version;
    return isUntouched;
  };
}

async function untilDecided<T>(attempt: () => Promise<T | 'again'>): Promise<T | { outcome: 'contended' }> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const outcome = await attempt();
    if (outcome !== 'again') return outcome;
  }
  return { outcome: 'contended' };
}

function hasValues({ fields }: MappedRow, values: RowFields): boolean {
  return Object.entries(values).every(([name, value]) => isDeepStrictEqual(fields[name] ?? null, value));
}
