// Imports rows in the same way as the API writes customers, several at a time; rows with the same
// identity are written in their order.
//
// A customer is identified by one field, the email unless the configuration names another. A row with the values that the customer has already is
// skipped, so a second run changes nothing. A row with other values is reported, or written with
// `update`. If the file gives no name, the name of an existing customer is never changed. A crash
// in the middle leaves whole customers with their events: run the import again.
import type { TableRefusal } from '../../db/row-rules.ts';
import { isDeepStrictEqual } from 'node:util';
import type { JsonValue, MappedRow, RowFields } from '../../db/entities/rows.ts';
import { fold } from '../../db/email-fold.ts';
import type { CustomerStore, Origin } from '../../lib/customers/customers.ts';
import { identityName, type Entity } from '../../lib/catalogue/entity.ts';
import { rowChecksOf } from '../../lib/catalogue/row-checks.ts';
import { plainText } from '../../lib/catalogue/field-types.ts';
import { without } from '../../lib/without.ts';
import type { Derived } from './person.ts';
import type { Row } from './rows.ts';

/** `found`: the values of the row that the reason is about, as the file has them. */
export type Refused = { line: number; reason: string; found?: Record<string, string> };

export type Summary = {
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  /** Rows of existing customers with other values, which were not changed. */
  different: Refused[];
  bad: Refused[];
  /**
   * The number of customers that were created without a name in the file, by the source of the
   * name.
   */
  named: Record<Derived, number>;
  /** Lines of rows with several addresses, of which the first was used. */
  severalEmails: number[];
};

export type ImportDeps = {
  entity: Entity;
  store: Pick<CustomerStore, 'create' | 'patch'>;
  read: (id: number) => Promise<MappedRow | null>;
  update: boolean;
  /** Ends the import after the rows in progress. */
  signal?: AbortSignal;
  /**
   * Called after each row that is written, skipped or refused. `bytes`: the size of these rows in
   * the file.
   */
  onDone?: (done: { rows: number; bytes: number }) => void;
};

const IN_FLIGHT = 8;
// Bulk: single edits by people do not wait behind these events (docs/sync.md, "Order of work").
const ORIGIN: Origin = { context: { actor: 'twinbox import', bulk: true } };
/** Other writers may take and free an identity meanwhile; after this many tries the row is refused. */
const MAX_TRIES = 5;

export async function importRows(rows: AsyncIterable<Row>, deps: ImportDeps): Promise<Summary> {
  const summary: Summary = {
    ...{ rows: 0, created: 0, updated: 0, skipped: 0, different: [], bad: [] },
    ...{ named: { company: 0, email: 0 }, severalEmails: [] },
  };
  const inFlight = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const done = { rows: 0, bytes: 0 };
  const countDone = (row: Row): void => {
    done.rows += 1;
    done.bytes += row.bytes ?? 0;
    deps.onDone?.(done);
  };

  for await (const row of rows) {
    if (failures.length > 0 || deps.signal?.aborted === true) break;
    summary.rows += 1;
    const checked = check(deps.entity, row);
    if ('reason' in checked) {
      summary.bad.push(checked);
      countDone(row);
      continue;
    }
    if (checked.severalEmails) summary.severalEmails.push(checked.line);
    const identity = identityOf(deps.entity, checked);
    await inFlight.get(identity);
    while (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight.values());
    const work = importOne(checked, deps, summary)
      .then(() => countDone(row))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => inFlight.delete(identity));
    inFlight.set(identity, work);
  }
  await Promise.all(inFlight.values());
  if (failures.length > 0) throw failures[0];
  for (const list of [summary.bad, summary.different]) list.sort((a, b) => a.line - b.line);
  return summary;
}

/** Rows of the same identity are written one after another, in their order. */
function identityOf({ identity }: Entity, { line, values }: Checked): string {
  const value = values[identity ?? ''];
  return typeof value === 'string' ? fold(value) : `line ${line}`;
}

type Checked = { line: number; values: RowFields; derived?: Derived; severalEmails?: true };

function check(entity: Entity, row: Row): Checked | Refused {
  const { line } = row;
  if ('problem' in row) return { line, reason: row.problem, ...(row.found ? { found: row.found } : {}) };
  const checked = rowChecksOf(entity).checkNew(row.values);
  if (checked.ok) return { ...row, values: checked.value };
  const wrong = Object.keys(row.values).filter((field) =>
    checked.violations.some(({ pointer }) => pointer === `/${field}`),
  );
  return {
    line,
    reason: checked.violations.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; '),
    found: shown(wrong, row.values),
  };
}

function shown(fields: readonly string[], values: RowFields): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field, textOf(values[field])]));
}

function textOf(value: JsonValue | undefined): string {
  return value === null || value === undefined ? '' : plainText(value);
}

async function importOne(
  checked: Checked,
  { entity, store, read, update }: ImportDeps,
  summary: Summary,
): Promise<void> {
  const { line, values, derived } = checked;
  const given: RowFields = derived === undefined ? values : without(values, 'name');
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const made = await store.create(values, ORIGIN);
    if (made.outcome === 'created') {
      summary.created += 1;
      if (derived !== undefined) summary.named[derived] += 1;
      return;
    }
    if (made.outcome === 'refused') {
      summary.bad.push(refusedRow(entity, checked, made.refusal));
      return;
    }
    if (made.outcome !== 'duplicate_email') break;
    const present = await read(made.rivalId);
    if (!present || present.deletedAt !== null) continue;
    const differing = Object.keys(given).filter(
      (field) => !isDeepStrictEqual(present.fields[field] ?? null, given[field]),
    );
    if (differing.length === 0) {
      summary.skipped += 1;
      return;
    }
    if (!update) {
      const reason = `customer ${present.id} has this ${identityName(entity)} and another ${differing.join(' and ')}; --update changes it`;
      const found = shown(differing, values);
      summary.different.push({ line, reason, found });
      return;
    }
    const changed = await store.patch(present.id, given, {}, ORIGIN);
    if (changed.outcome === 'updated' || changed.outcome === 'unchanged') {
      summary[changed.outcome === 'updated' ? 'updated' : 'skipped'] += 1;
      return;
    }
    if (changed.outcome === 'refused') {
      summary.bad.push(refusedRow(entity, checked, changed.refusal));
      return;
    }
  }
  summary.bad.push({ line, reason: 'other writers keep changing this customer; run the import again' });
}

function refusedRow(
  { fields }: Entity,
  { line, values }: Checked,
  { message, says, columns }: TableRefusal,
): Refused {
  const wrong = fields.filter(({ column }) => columns.includes(column)).map(({ name }) => name);
  return { line, reason: says === null ? message : `${message}: ${says}`, found: shown(wrong, values) };
}
