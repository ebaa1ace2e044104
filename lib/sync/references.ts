// A field that names another row: our table has the id of the row, the system the id of its record.
// The engine merges the ids of the records. So a row is read with them (namedAtSystem), and written with
// the ids of our rows (namedHere). Where one of the two is not known yet, the pair waits: a push until
// the named row has its record, a pull until the named record has its row. A row or a record
// that names itself waits for nothing: it is made without this field, and the field follows.
import {
  findCounterparts,
  findRowOfRecord,
  goOnIfNamed as goOnIfStands,
  raiseReferring as raiseWaitingFor,
} from '../../db/mappings/references.ts';
import type { LoadedRow } from '../../db/mappings/load.ts';
import type { Db, Tx } from '../../db/server/connection.ts';
import type { Fields } from '../catalogue/document.ts';
import type { Entity, Field } from '../catalogue/entity.ts';
import { isReferredTo, type Kind } from './kind.ts';
import type { Mapping } from '../../db/mappings/mappings.ts';

/** What is not known yet: the record of our row, or the row of their record. */
/** `id` is left out where JavaScript does not have it exactly. */
export type MissingReference = { field: string; entity: string } & (
  | { id?: number }
  | { external_id: string }
);

type Reference = Field & { references: string };

function referencesOf({ fields }: Entity): Reference[] {
  return fields.filter((field): field is Reference => field.references !== null);
}

/** The row with the ids of records in the place of the ids of our rows. */
export async function namedAtSystem(
  db: Db | Tx,
  entity: Entity,
  { system, account }: Pick<Mapping, 'system' | 'account'>,
  row: LoadedRow,
): Promise<{ row: LoadedRow; missing: MissingReference | null; namesItself: boolean }> {
  const named = namedBy(entity, row);
  // An id that JavaScript does not have exactly is a text, and no row of ours has it.
  const inexact = referencesOf(entity).find(({ name }) => typeof row.fields[name] === 'string');
  if (inexact !== undefined) {
    const { name: field, references } = inexact;
    return { row, missing: { field, entity: references }, namesItself: false };
  }
  if (named.length === 0) return { row, missing: null, namesItself: false };
  const fields: Fields = { ...row.fields };
  const known = await findCounterparts(db, { system, account }, named);
  for (const each of named) fields[each.field] = known.get(`${each.entity}:${each.id}`) ?? null;
  const unknown = named.filter((each) => !known.has(`${each.entity}:${each.id}`));
  const isItself = (each: (typeof named)[number]): boolean =>
    each.entity === entity.name && each.id === row.id;
  const missing = unknown.find((each) => !isItself(each)) ?? null;
  return { row: { ...row, fields }, missing, namesItself: unknown.some(isItself) };
}

/** The same of many rows, in one statement, in their order. */
export async function rowsNamedAtSystem(
  db: Db | Tx,
  entity: Entity,
  { system, account }: Pick<Mapping, 'system' | 'account'>,
  rows: readonly LoadedRow[],
): Promise<LoadedRow[]> {
  const all = rows.map((row) => ({ row, named: namedBy(entity, row) }));
  const asked = all.flatMap(({ named }) => named);
  if (asked.length === 0) return [...rows];
  const known = await findCounterparts(db, { system, account }, asked);
  return all.map(({ row, named }) => {
    const there = named.map(
      ({ field, entity: of, id }) => [field, known.get(`${of}:${id}`) ?? null] as const,
    );
    return { ...row, fields: { ...row.fields, ...Object.fromEntries(there) } };
  });
}

function namedBy(entity: Entity, { fields }: LoadedRow): { field: string; entity: string; id: number }[] {
  return referencesOf(entity).flatMap(({ name, references }) => {
    const id = fields[name];
    return typeof id === 'number' ? [{ field: name, entity: references, id }] : [];
  });
}

/**
 * Values that were taken from a record, with the ids of our rows; or the first that has no row here.
 * `itself`: fields that name the record's own row, which is not made yet; they are empty.
 */
export async function namedHere(
  db: Db | Tx,
  entity: Entity,
  { system, account, externalId: own }: Pick<Mapping, 'system' | 'account' | 'externalId'>,
  values: Fields,
): Promise<{ values: Fields; itself: string[] } | { missing: MissingReference }> {
  const ours: Fields = { ...values };
  const itself: string[] = [];
  for (const { name, references } of referencesOf(entity)) {
    const externalId = values[name];
    if (typeof externalId !== 'string') continue;
    const id = await findRowOfRecord(db, { system, account }, { entity: references, externalId });
    if (id === null && references === entity.name && externalId === own) itself.push(name);
    else if (id === null) return { missing: { field: name, entity: references, external_id: externalId } };
    ours[name] = id;
  }
  return { values: ours, itself };
}

/** What was written, as it is merged: a reference has the id of the record that it was written for. */
export function asMerged(entity: Entity, written: Fields, named: Fields): Fields {
  const references = referencesOf(entity).map(({ name }) => [name, named[name] ?? null] as const);
  return { ...written, ...Object.fromEntries(references) };
}

/** The pair of a row and a record stands: rows that name either of the two, and waited for it, go on. */
export async function raiseReferring(
  tx: Tx,
  deps: { entity: Entity; kinds?: readonly Kind[] },
  { system, account }: Pick<Mapping, 'system' | 'account'>,
  pair: { id: number; externalId: string; now: Date },
): Promise<void> {
  if (isReferredTo(deps)) await raiseWaitingFor(tx, { system, account, entity: deps.entity.name, ...pair });
}

/** A pair that waits for another one from now on: unless that one has come to stand since it was read. */
export async function goOnIfNamed(
  tx: Tx,
  { id: mappingId, system, account }: Pick<Mapping, 'id' | 'system' | 'account'>,
  { state, reason }: Partial<Pick<Mapping, 'state' | 'reason'>>,
  now: Date,
): Promise<void> {
  if (state !== 'waiting' || reason?.code !== 'reference') return;
  const { entity, id = null, external_id: externalId = null } = reason.detail;
  await goOnIfStands(tx, { system, account, mappingId, entity, id, externalId, now });
}
