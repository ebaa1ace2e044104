// Reversing a conflict: the value that the merge did not keep becomes our row's after all.
//
// It is an ordinary change of ours. There is no `origin` delivery and the shadow stays, so every
// system is notified of it, the one in which the conflict arose too, and the next merge pushes it
// like any edit. It is made only while our row still holds the value that was kept: whatever came
// after that is a later decision, and stands.
//
// One transaction: the mapping is locked first (no settle runs meanwhile), then the conflict, then
// the row is changed at the version that was read. A crash before the commit leaves nothing; after
// it, the relay finds the event with or without the nudge.
import { lockConflict, noteConflict, readConflict, type StoredConflict } from '../../db/conflicts.ts';
import { isRepeatable, withTransaction, type Db } from '../../db/server/connection.ts';
import {
  findEmailHolder,
  isEmailTaken,
  readCustomer,
  updateCustomer,
  type Customer,
} from '../../db/customers.ts';
import { lockMappings } from '../../db/mappings/mappings.ts';
import { describeRefusal, RowSwallowed, type TableRefusal } from '../../db/row-rules.ts';
import type { Clock } from '../clock.ts';
import type { Origin } from '../customers/customers.ts';
import { failpoint } from '../failpoint.ts';
import type { FieldRule, MappingDocument, Value } from '../catalogue/document.ts';
import { canonical, same } from '../sync/canonical.ts';
import { newEventId } from '../uuid.ts';

export type ReverseOutcome =
  | { outcome: 'reversed'; conflict: StoredConflict; customer: Customer | null }
  | { outcome: 'reversed_already'; conflict: StoredConflict; customer: Customer | null }
  /** Our row holds something else by now, or is deleted (then `customer` is null). */
  | { outcome: 'overtaken'; conflict: StoredConflict; customer: Customer | null }
  /** No call can reverse a conflict of this kind; `instead` says what an operator can do. */
  | { outcome: 'cannot_reverse'; conflict: StoredConflict; instead: string }
  /** Another living customer has the email that would come back. */
  | { outcome: 'duplicate_email'; rivalId: number }
  /** A rule or a trigger of the table refuses the row. */
  | { outcome: 'refused'; refusal: TableRefusal }
  | { outcome: 'not_found' }
  /** Others changed the row at every try. */
  | { outcome: 'contended' };

export type ConflictOperations = {
  /** Sent twice it does no more than once: the second answer is `reversed_already`. */
  reverse(id: string, origin: Origin): Promise<ReverseOutcome>;
};

export type ConflictOperationsDeps = {
  db: Db;
  clock: Clock;
  /** Wakes the relay after a commit. */
  nudge: () => void;
  /** By whose rules values are compared. */
  documents: MappingDocument[];
};

/** A bound against a row that never rests. */
const MAX_TRIES = 10;

export function createConflictOperations(deps: ConflictOperationsDeps): ConflictOperations {
  const { db, nudge } = deps;

  async function reverse(id: string, origin: Origin): Promise<ReverseOutcome> {
    const conflict = await readConflict(db, id);
    if (!conflict) return { outcome: 'not_found' };
    const instead = whyNotReversible(conflict);
    if (instead !== null) return { outcome: 'cannot_reverse', conflict, instead };
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const result = await attempt(conflict, origin);
      if (result !== 'again') {
        if (result.outcome === 'reversed') nudge();
        return result;
      }
    }
    return { outcome: 'contended' };
  }

  async function attempt(known: StoredConflict, origin: Origin): Promise<ReverseOutcome | 'again'> {
    const email = lostValue(known);
    try {
      return await reverseOnce(deps, known, origin);
    } catch (error) {
      if (isRepeatable(error)) return 'again';
      if (!isEmailTaken(error) || email === null) {
        const refusal = await describeRefusal(db, error);
        if (refusal === null) throw error;
        return { outcome: 'refused', refusal };
      }
      const rivalId = await findEmailHolder(db, email);
      return rivalId === null ? 'again' : { outcome: 'duplicate_email', rivalId };
    }
  }

  return { reverse };
}

function reverseOnce(
  { db, clock, documents }: ConflictOperationsDeps,
  known: StoredConflict,
  { context, source = 'internal' }: Origin,
): Promise<ReverseOutcome | 'again'> {
  const now = clock.now();
  return withTransaction(db, async (tx): Promise<ReverseOutcome | 'again'> => {
    await lockMappings(tx, [known.mappingId]);
    const conflict = await lockConflict(tx, known.id);
    if (!conflict) return { outcome: 'not_found' };
    const customer = conflict.internalId === null ? null : await readCustomer(tx, conflict.internalId);
    const living = customer?.deletedAt === null ? customer : null;
    if (conflict.reversedAt) return { outcome: 'reversed_already', conflict, customer: living };
    if (!living || !holdsSurvivor(documents, conflict, living)) {
      await noteConflict(tx, { id: conflict.id, note: 'overtaken', reversedAt: null });
      return { outcome: 'overtaken', conflict: { ...conflict, note: 'overtaken' }, customer: living };
    }
    const changed = await updateCustomer(
      tx,
      living.id,
      changeOf(conflict),
      { ifVersion: living.version },
      { eventId: newEventId(now), source, context: { ...context, conflict: conflict.id }, now },
    );
    if (!changed) {
      const present = await readCustomer(tx, living.id);
      if (present?.deletedAt === null && present.version === living.version) throw new RowSwallowed('update');
      return 'again';
    }
    await noteConflict(tx, { id: conflict.id, note: 'reversed', reversedAt: now });
    await failpoint('conflicts.before-commit');
    return {
      outcome: 'reversed',
      conflict: { ...conflict, note: 'reversed', reversedAt: now },
      customer: changed,
    };
  });
}

/**
 * Why no call can reverse this conflict, and what to do instead; null if one can, as long as
 * nothing came after it.
 */
export function whyNotReversible(conflict: StoredConflict): string | null {
  const { kind, field, winner } = conflict;
  switch (kind) {
    case 'deleted_there':
      return 'The customer was deleted there, and so here too. Its values are kept in this conflict: create a customer with them.';
    case 'deleted_here':
      return 'The customer was deleted here, and so there too. What had been changed there is kept in this conflict: create a customer with it.';
    case 'duplicate_email':
      return 'Two customers would have the same email. Change the email of one of them, here or there; then the held one is looked at again.';
    case 'external_duplicate':
      return conflict.rule === 'chosen'
        ? 'A person chose another record for this customer. The old one stays there as it is; it may be deleted there.'
        : `Two records there stand for one customer here. See which one is used: npx twinbox link ${conflict.internalId ?? 'CUSTOMER'} --record ID chooses it. The other one may then be deleted there.`;
  }
  if (winner === 'neither' || (field !== 'name' && field !== 'email'))
    return 'Neither value was dropped by a rule here. Change the customer, or the record there.';
  if (canonical(lostValue(conflict)) === null)
    return `The value that did not survive is empty, and a customer here always has a ${field}. Change the customer to what it should be.`;
  return null;
}

/** The value that did not survive. */
export function lostValue({ winner, ours, theirs }: StoredConflict): Value {
  return winner === 'ours' ? theirs : ours;
}

export function survivingValue({ winner, ours, theirs }: StoredConflict): Value {
  return winner === 'ours' ? ours : theirs;
}

function holdsSurvivor(documents: MappingDocument[], conflict: StoredConflict, row: Customer): boolean {
  const held = conflict.field === 'email' ? row.email : row.name;
  const survivor = survivingValue(conflict);
  const rule = ruleOf(documents, conflict);
  return rule ? same(rule, held, survivor) : canonical(held) === canonical(survivor);
}

function ruleOf(
  documents: MappingDocument[],
  { system, entityType, field }: StoredConflict,
): FieldRule | undefined {
  const document = documents.find((each) => each.system === system && each.entity === entityType);
  return document?.fields.find(({ internal }) => internal === field);
}

function changeOf(conflict: StoredConflict): { name?: string; email?: string } {
  const value = canonical(lostValue(conflict));
  if (value === null) return {};
  return conflict.field === 'email' ? { email: value } : { name: value };
}
