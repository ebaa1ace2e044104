// Brings rows into the database through the API's own write path, several at a time; rows of one
// email keep their order.
//
// The email says who it is. A row that is there already with the same values is skipped, so a
// second run does nothing; one that differs is reported, or changed with `update`. A name that the
// file does not give never changes one that is there. A crash in the middle leaves whole customers
// with their events: run it again.
import type { TableRefusal } from '../../db/row-rules.ts';
import type { Customer } from '../../db/customers.ts';
import { fold } from '../../db/email-fold.ts';
import type { CustomerStore, CustomerValues, Origin } from '../../lib/customers/customers.ts';
import { checkNewCustomer } from '../../lib/catalogue/customer.ts';
import type { Derived } from './person.ts';
import type { Row } from './rows.ts';

/** `found`: the values in the row that it is about, as the file has them. */
export type Refused = { line: number; reason: string; found?: Record<string, string> };

export type Summary = {
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  /** There already, with other values; they were left as they are. */
  different: Refused[];
  bad: Refused[];
  /** Customers that were created without a name in the file, by what their name was made of. */
  named: Record<Derived, number>;
  /** Lines of rows with several addresses, of which the first counts. */
  severalEmails: number[];
};

export type ImportDeps = {
  store: Pick<CustomerStore, 'create' | 'patch'>;
  read: (id: number) => Promise<Customer | null>;
  update: boolean;
  /** Ends the import after the rows in hand. */
  signal?: AbortSignal;
  /**
   * After each row that is decided: in the database, left or refused. `bytes`: what those rows take
   * in the file.
   */
  onDone?: (done: { rows: number; bytes: number }) => void;
};

const IN_FLIGHT = 8;
// As bulk: what people edit one by one does not wait behind it (docs/sync.md, "Order of work").
const ORIGIN: Origin = { context: { actor: 'twinbox import', bulk: true } };
/** Others may take and free an email while we look; more than this is no coincidence. */
const MAX_LOOKS = 5;

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
    const checked = check(row);
    if ('reason' in checked) {
      summary.bad.push(checked);
      countDone(row);
      continue;
    }
    if (checked.severalEmails) summary.severalEmails.push(checked.line);
    const email = fold(checked.values.email);
    await inFlight.get(email);
    while (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight.values());
    const work = importOne(checked, deps, summary)
      .then(() => countDone(row))
      .catch((error: unknown) => void failures.push(error))
      .finally(() => inFlight.delete(email));
    inFlight.set(email, work);
  }
  await Promise.all(inFlight.values());
  if (failures.length > 0) throw failures[0];
  for (const list of [summary.bad, summary.different]) list.sort((a, b) => a.line - b.line);
  return summary;
}

type Checked = { line: number; values: CustomerValues; derived?: Derived; severalEmails?: true };

function check(row: Row): Checked | Refused {
  const { line } = row;
  if ('problem' in row) return { line, reason: row.problem, ...(row.found ? { found: row.found } : {}) };
  const checked = checkNewCustomer(row.values);
  if (checked.ok) return { ...row, values: checked.value };
  const { values } = row;
  const fields = (['name', 'email'] as const).filter((field) =>
    checked.violations.some(({ pointer }) => pointer === `/${field}`),
  );
  return {
    line,
    reason: checked.violations.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; '),
    found: Object.fromEntries(fields.map((field) => [field, values[field]])),
  };
}

async function importOne(
  { line, values, derived }: Checked,
  { store, read, update }: ImportDeps,
  summary: Summary,
): Promise<void> {
  const given: Partial<CustomerValues> = derived === undefined ? values : { email: values.email };
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const made = await store.create(values, ORIGIN);
    if (made.outcome === 'created') {
      summary.created += 1;
      if (derived !== undefined) summary.named[derived] += 1;
      return;
    }
    if (made.outcome === 'refused') {
      summary.bad.push(refusedRow(line, values, made.refusal));
      return;
    }
    if (made.outcome !== 'duplicate_email') break;
    const present = await read(made.rivalId);
    if (!present || present.deletedAt !== null) continue;
    const differing = (['name', 'email'] as const).filter(
      (field) => given[field] !== undefined && present[field] !== given[field],
    );
    if (differing.length === 0) {
      summary.skipped += 1;
      return;
    }
    if (!update) {
      const reason = `customer ${present.id} has this email and another ${differing.join(' and ')}; --update changes it`;
      const found = Object.fromEntries(differing.map((field) => [field, values[field]]));
      summary.different.push({ line, reason, found });
      return;
    }
    const changed = await store.patch(present.id, given, {}, ORIGIN);
    if (changed.outcome === 'updated' || changed.outcome === 'unchanged') {
      summary[changed.outcome === 'updated' ? 'updated' : 'skipped'] += 1;
      return;
    }
    if (changed.outcome === 'refused') {
      summary.bad.push(refusedRow(line, values, changed.refusal));
      return;
    }
  }
  summary.bad.push({ line, reason: 'others change this customer all the time; run the import again' });
}

function refusedRow(line: number, values: CustomerValues, { message, says, columns }: TableRefusal): Refused {
  const fields = (['name', 'email'] as const).filter((field) => columns.includes(field));
  const found = Object.fromEntries(fields.map((field) => [field, values[field]]));
  return { line, reason: says === null ? message : `${message}: ${says}`, found };
}
