// Writes one row of an import as the API writes a customer.
import { isDeepStrictEqual } from 'node:util';
import type { MappedRow, RowFields } from '../../../db/entities/rows.ts';
import type { TableRefusal } from '../../../db/row-rules.ts';
import { identityName, type Entity } from '../../catalogue/entity.ts';
import { without } from '../../without.ts';
import type { CustomerStore, Origin } from '../customers.ts';
import { adviceOfCommand, type Advice } from './advice.ts';
import { refusalCode } from '../refusal-code.ts';
import { shownValues, type CheckedRow } from './check-row.ts';
import type { RefusedRow, RowOutcome } from './outcome.ts';

export type WriteRowDeps = {
  entity: Entity;
  store: Pick<CustomerStore, 'create' | 'patch'>;
  read: (id: number) => Promise<Held | null>;
  /** What happens to an existing customer with other values. */
  onExisting: OnExisting;
  origin: Origin;
  advice?: Advice;
};

/** `report` and `skip` leave the customer as it is; the caller of `skip` wants no line about it. */
export type OnExisting = 'report' | 'update' | 'skip';

/** A customer that has the identity of the row. */
export type Held = Pick<MappedRow, 'id' | 'fields' | 'deletedAt'>;

/** Other writers may take and free an identity meanwhile; after this many tries the row is refused. */
const MAX_TRIES = 5;

/** `holder`: the customer that has the identity already, if it is known. */
export async function writeRow(
  row: CheckedRow,
  deps: WriteRowDeps,
  holder: Held | null = null,
): Promise<RowOutcome> {
  let present = holder;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (present !== null) {
      const outcome = await writeOver(row, present, deps);
      if (outcome !== 'gone') return outcome;
    }
    const made = await deps.store.create(row.values, deps.origin);
    if (made.outcome === 'created') return done(row, 'created', made.customer.id);
    if (made.outcome === 'refused') return refusedRow(deps.entity, row, made.refusal);
    if (made.outcome !== 'duplicate_email') break;
    const rival = await deps.read(made.rivalId);
    present = rival?.deletedAt === null ? rival : null;
  }
  const reason = 'other writers keep changing this customer; run the import again';
  return { ...placeOf(row), outcome: 'refused', code: 'contended', reason, errors: [] };
}

export function done(row: CheckedRow, outcome: 'created' | 'updated' | 'skipped', id: number): RowOutcome {
  const derived = outcome === 'created' ? row.derived : undefined;
  return { ...placeOf(row), outcome, id, ...(derived && { derived }) };
}

function placeOf({ line, bytes, severalEmails }: CheckedRow) {
  return { line, bytes, ...(severalEmails && { severalEmails }) };
}

/** The names of the fields that the customer has otherwise. */
export function otherFields(given: RowFields, present: Pick<Held, 'fields'>): string[] {
  return Object.keys(given).filter(
    (field) => !isDeepStrictEqual(present.fields[field] ?? null, given[field]),
  );
}

/** The values that the file gives: a name that was made of something else changes no customer. */
export function givenIn({ values, derived }: CheckedRow): RowFields {
  return derived === undefined ? values : without(values, 'name');
}

async function writeOver(
  row: CheckedRow,
  present: Held,
  { entity, store, onExisting, origin, advice = adviceOfCommand }: WriteRowDeps,
): Promise<RowOutcome | 'gone'> {
  const given = givenIn(row);
  const fields = otherFields(given, present);
  if (fields.length === 0) return done(row, 'skipped', present.id);
  if (onExisting !== 'update') {
    const reason = `customer ${present.id} has this ${identityName(entity)} and another ${fields.join(' and ')}; ${advice.update} changes it`;
    const found = shownValues(fields, row.values);
    return { ...placeOf(row), outcome: 'different', id: present.id, fields, reason, found };
  }
  const changed = await store.patch(present.id, given, {}, origin);
  if (changed.outcome === 'updated') return done(row, 'updated', present.id);
  if (changed.outcome === 'unchanged') return done(row, 'skipped', present.id);
  return changed.outcome === 'refused' ? refusedRow(entity, row, changed.refusal) : 'gone';
}

function refusedRow(
  { fields }: Entity,
  row: CheckedRow,
  { kind, rule, message, says, columns }: TableRefusal,
): RefusedRow {
  const wrong = fields.filter(({ column }) => columns.includes(column)).map(({ name }) => name);
  const reason = says === null ? message : `${message}: ${says}`;
  return {
    ...placeOf(row),
    ...{ outcome: 'refused', code: refusalCode(kind), reason, rule },
    errors: wrong.map((field) => ({ field, code: kind, detail: message })),
    found: shownValues(wrong, row.values),
  };
}
