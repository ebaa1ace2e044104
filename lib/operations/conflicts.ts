// Reversing a conflict: our row gets the value that the merge did not keep.
//
// The reversal is an ordinary change of ours. It has no `origin` delivery and leaves the shadow as
// it is, so the change goes to every system, also to the one in which the conflict arose, and the
// next merge pushes it like any edit. A conflict is reversed only while our row still has the value
// that was kept: a later edit is a later decision, and stays.
//
// One transaction: the mapping is locked first (so that no settle runs meanwhile), then the
// conflict, then the row is changed at the version that was read. A crash before the commit leaves
// nothing; after the commit the relay finds the event with or without the nudge.
import { lockConflict, noteConflict, readConflict, type StoredConflict } from '../../db/conflicts.ts';
import { isDeepStrictEqual } from 'node:util';
import { isRepeatable, withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import {
  findIdentityHolder,
  isIdentityTaken,
  readRow,
  updateRow,
  type MappedRow,
} from '../../db/entities/rows.ts';
import { lockMappings } from '../../db/mappings/mappings.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { describeRefusal, RowSwallowed, type TableRefusal } from '../../db/row-rules.ts';
import type { Clock } from '../clock.ts';
import type { Origin } from '../customers/customers.ts';
import { failpoint } from '../failpoint.ts';
import type { FieldRule, Fields, MappingDocument, Value } from '../catalogue/document.ts';
import { identityName, type Entity } from '../catalogue/entity.ts';
import { canonical, same } from '../sync/canonical.ts';
import { NOT_OURS } from '../sync/groups.ts';
import { fieldsOf } from '../sync/values.ts';
import { newEventId } from '../uuid.ts';
import { inOnce, type Once } from './once.ts';

export type ReverseOutcome =
  | { outcome: 'reversed'; conflict: StoredConflict; customer: MappedRow | null }
  | { outcome: 'reversed_already'; conflict: StoredConflict; customer: MappedRow | null }
  /** Our row holds something else by now, or is deleted (then `customer` is null). */
  | { outcome: 'overtaken'; conflict: StoredConflict; customer: MappedRow | null }
  /** No call can reverse a conflict of this kind; `instead` says what an operator can do. */
  | { outcome: 'cannot_reverse'; conflict: StoredConflict; instead: string }
  /** Another living customer has the identity that would come back. */
  | { outcome: 'duplicate_email'; rivalId: number }
  /** A rule or a trigger of the table refuses the row. */
  | { outcome: 'refused'; refusal: TableRefusal }
  | { outcome: 'not_found' }
  /** Others changed the row at every try. */
  | { outcome: 'contended' };

/** Who reverses, and why. */
export type Reverser = Origin & { reason?: string | null };

export type ConflictOperations = {
  /** A second call reverses nothing more: its answer is `reversed_already`. */
  reverse(id: string, origin: Reverser, once?: Once<ReverseOutcome>): Promise<ReverseOutcome>;
};

export type ConflictOperationsDeps = {
  db: Db;
  clock: Clock;
  entity: Entity;
  /** Wakes the relay after a commit. */
  nudge: () => void;
  /** The mapping documents whose rules compare the values. */
  documents: MappingDocument[];
};

/** A bound, in case other writers change the row without a pause. */
const MAX_TRIES = 10;

export function createConflictOperations(deps: ConflictOperationsDeps): ConflictOperations {
  const { db, nudge } = deps;

  async function reverse(id: string, origin: Reverser, once?: Once<ReverseOutcome>): Promise<ReverseOutcome> {
    const conflict = await readConflict(db, id);
    if (!conflict) return { outcome: 'not_found' };
    const instead = whyNotReversible(deps.entity, conflict);
    if (instead !== null) return { outcome: 'cannot_reverse', conflict, instead };
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const result = await attemptReversal(deps, conflict, { origin, run: inTransaction(db, once) });
      if (result !== 'again') {
        if (result.outcome === 'reversed') nudge();
        return result;
      }
    }
    return { outcome: 'contended' };
  }

  return { reverse };
}

type Outcome = ReverseOutcome | 'again';
type Work = (tx: Tx) => Promise<Outcome>;

function inTransaction(db: Db, once: Once<ReverseOutcome> | undefined) {
  return (work: Work): Promise<Outcome> => withTransaction(db, inOnce(once && decided(once), work));
}

/** A try that has to be repeated has no answer. */
function decided(once: Once<ReverseOutcome>): Once<Outcome> {
  return {
    begin: once.begin,
    end: async (tx, result) => (result === 'again' ? undefined : await once.end(tx, result)),
  };
}

/** One try. `run` gives the work its transaction: it is kept, or taken back for a preview. */
export async function attemptReversal(
  deps: ConflictOperationsDeps,
  known: StoredConflict,
  { origin, run }: { origin: Reverser; run: (work: Work) => Promise<Outcome> },
): Promise<Outcome> {
  const { db, entity } = deps;
  const lost = lostValue(known);
  try {
    return await run((tx) => reverseIn(tx, deps, known, origin));
  } catch (error) {
    if (isRepeatable(error)) return 'again';
    if (!isIdentityTaken(entity, error) || typeof lost !== 'string') {
      const refusal = await describeRefusal(db, entity, error);
      if (refusal === null) throw error;
      return { outcome: 'refused', refusal };
    }
    const rivalId = await findIdentityHolder(db, entity, lost);
    return rivalId === null ? 'again' : { outcome: 'duplicate_email', rivalId };
  }
}

async function reverseIn(
  tx: Tx,
  { clock, entity, documents }: ConflictOperationsDeps,
  known: StoredConflict,
  { context, source = 'internal', reason = null }: Reverser,
): Promise<Outcome> {
  const now = clock.now();
  await lockMappings(tx, [known.mappingId]);
  const conflict = await lockConflict(tx, known.id);
  if (!conflict) return { outcome: 'not_found' };
  const customer = conflict.internalId === null ? null : await readRow(tx, entity, conflict.internalId);
  const living = customer?.deletedAt === null ? customer : null;
  if (conflict.reversedAt) return { outcome: 'reversed_already', conflict, customer: living };
  if (!living || !holdsSurvivor(documents, conflict, living)) {
    await noteConflict(tx, { id: conflict.id, note: 'overtaken', reversedAt: null });
    return { outcome: 'overtaken', conflict: { ...conflict, note: 'overtaken' }, customer: living };
  }
  const changed = await updateRow(
    tx,
    entity,
    living.id,
    changeOf(entity, conflict),
    { ifVersion: living.version },
    { eventId: newEventId(now), source, context: { ...context, conflict: conflict.id }, now },
  );
  if (!changed) {
    const present = await readRow(tx, entity, living.id);
    if (present?.deletedAt === null && present.version === living.version) throw new RowSwallowed('update');
    return 'again';
  }
  await noteConflict(tx, { id: conflict.id, note: 'reversed', reversedAt: now });
  await recordAction(tx, {
    ...{ action: 'reverse_conflict', system: conflict.system ?? '', reason, at: now },
    actor: typeof context['actor'] === 'string' ? context['actor'] : 'api',
    detail: { conflict: conflict.id, kind: conflict.kind, field: conflict.field, customer: living.id },
    before: { version: living.version, note: conflict.note },
    after: { version: changed.version, note: 'reversed' },
    pairs: [{ mappingId: known.mappingId, eventId: null }],
  });
  await failpoint('conflicts.before-commit');
  return {
    outcome: 'reversed',
    conflict: { ...conflict, note: 'reversed', reversedAt: now },
    customer: changed,
  };
}

/**
 * Why no call can reverse this conflict, and what to do instead; null if a call can reverse it, as
 * long as no later edit was made.
 */
export function whyNotReversible(entity: Entity, conflict: StoredConflict): string | null {
  const { kind, field, winner } = conflict;
  switch (kind) {
    case 'deleted_there':
      return 'The record was deleted at the external system, and so the customer was deleted in our table. The values of the customer are kept in this conflict: create a customer with them.';
    case 'deleted_here':
      return 'The customer was deleted in our table, and so its record was deleted at the external system. The edits that had been made to the record are kept in this conflict: create a customer with them.';
    case 'duplicate_email':
      return `Two customers would have the same ${identityName(entity)}. Change the ${identityName(entity)} of one of them on either side; then the held ${identityName(entity)} is looked at again.`;
    case 'external_duplicate':
      return conflict.rule === 'chosen'
        ? 'A person chose another record for this customer. The old record stays at the external system as it is, and may be deleted at that system.'
        : `Two records at the external system belong to one customer. Find out which record is used; npx twinbox link ${conflict.internalId ?? 'CUSTOMER'} --record ID chooses it. The other record may then be deleted at that system.`;
  }
  if (conflict.rule === NOT_OURS)
    return `Our table has no field for ${field ?? 'it'}, so the edit is the external system's alone. Look at the record at that system, and change it there.`;
  const known = entity.fields.find(({ name }) => name === field);
  if (winner === 'neither' || known === undefined)
    return 'No rule dropped a value in this conflict. Change the customer, or its record at the external system.';
  if (canonical({ field: known }, lostValue(conflict)) === null && known.required)
    return `The value that was not kept is empty, and a customer always has a ${known.name}. Set the ${known.name} of the customer to the right value.`;
  return null;
}

/** The value that was not kept. */
export function lostValue({ winner, ours, theirs }: StoredConflict): Value {
  return winner === 'ours' ? theirs : ours;
}

export function survivingValue({ winner, ours, theirs }: StoredConflict): Value {
  return winner === 'ours' ? ours : theirs;
}

function holdsSurvivor(documents: MappingDocument[], conflict: StoredConflict, row: MappedRow): boolean {
  const held = fieldsOf(row)[conflict.field ?? ''] ?? null;
  const survivor = survivingValue(conflict);
  const rule = ruleOf(documents, conflict);
  return rule ? same(rule, held, survivor) : isDeepStrictEqual(held, survivor);
}

function ruleOf(
  documents: MappingDocument[],
  { system, entityType, field }: StoredConflict,
): FieldRule | undefined {
  const document = documents.find((each) => each.system === system && each.entity === entityType);
  return document?.fields.find(({ internal }) => internal === field);
}

function changeOf({ fields }: Entity, conflict: StoredConflict): Fields {
  const field = fields.find(({ name }) => name === conflict.field);
  if (!field) return {};
  const value = canonical({ field }, lostValue(conflict));
  if (value === null && field.required) return {};
  return { [field.name]: value };
}
