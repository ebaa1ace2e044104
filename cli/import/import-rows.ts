// Brings rows into the database through the API's own write path, several at a time; rows of one email keep their order.
//
// The email says who it is. A row that is there already with the same values is skipped, so a second run does nothing; one that
// differs is reported, or changed with `update`. A crash in the middle leaves whole customers with their events: run it again.
import type { Customer } from '../../db/customers.ts';
import type { CustomerStore, CustomerValues, Origin } from '../../lib/customers.ts';
import { checkNewCustomer } from '../../lib/entities/customer.ts';
import type { Row } from './rows.ts';

export type Refused = { line: number; reason: string };

export type Summary = {
  rows: number;
  created: number;
  updated: number;
  skipped: number;
  /** There already, with other values; they were left as they are. */
  different: Refused[];
  bad: Refused[];
};

export type ImportDeps = {
  store: Pick<CustomerStore, 'create' | 'patch'>;
  read: (id: number) => Promise<Customer | null>;
  update: boolean;
  /** Ends the import after the rows in hand. */
  signal?: AbortSignal;
  onRow?: (summary: Summary) => void;
};

const IN_FLIGHT = 8;
// As bulk: what people edit one by one does not wait behind it (docs/sync.md, "Order of work").
const ORIGIN: Origin = { context: { actor: 'twinbox import', bulk: true } };
/** Others may take and free an email while we look; more than this is no coincidence. */
const MAX_LOOKS = 5;

export async function importRows(rows: AsyncIterable<Row>, deps: ImportDeps): Promise<Summary> {
  const summary: Summary = { rows: 0, created: 0, updated: 0, skipped: 0, different: [], bad: [] };
  const inFlight = new Map<string, Promise<void>>();
  const failures: unknown[] = [];

  for await (const row of rows) {
    if (failures.length > 0 || deps.signal?.aborted === true) break;
    summary.rows += 1;
    const checked = check(row);
    if ('reason' in checked) {
      summary.bad.push(checked);
      deps.onRow?.(summary);
      continue;
    }
    const email = checked.values.email.toLowerCase();
    await inFlight.get(email);
    while (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight.values());
    const work = importOne(checked, deps, summary)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => {
        inFlight.delete(email);
        deps.onRow?.(summary);
      });
    inFlight.set(email, work);
  }
  await Promise.all(inFlight.values());
  if (failures.length > 0) throw failures[0];
  for (const list of [summary.bad, summary.different]) list.sort((a, b) => a.line - b.line);
  return summary;
}

function check(row: Row): { line: number; values: CustomerValues } | Refused {
  const { line } = row;
  if ('problem' in row) return { line, reason: row.problem };
  const checked = checkNewCustomer(row.values);
  if (checked.ok) return { line, values: checked.value };
  const reason = checked.violations.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; ');
  return { line, reason };
}

async function importOne(
  { line, values }: { line: number; values: CustomerValues },
  { store, read, update }: ImportDeps,
  summary: Summary,
): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const made = await store.create(values, ORIGIN);
    if (made.outcome === 'created') {
      summary.created += 1;
      return;
    }
    if (made.outcome !== 'duplicate_email') break;
    const present = await read(made.rivalId);
    if (!present || present.deletedAt !== null) continue;
    if (present.name === values.name && present.email === values.email) {
      summary.skipped += 1;
      return;
    }
    if (!update) {
      const fields = (['name', 'email'] as const).filter((field) => present[field] !== values[field]);
      const reason = `customer ${present.id} has this email and another ${fields.join(' and ')}; --update changes it`;
      summary.different.push({ line, reason });
      return;
    }
    const changed = await store.patch(present.id, values, {}, ORIGIN);
    if (changed.outcome === 'updated' || changed.outcome === 'unchanged') {
      summary[changed.outcome === 'updated' ? 'updated' : 'skipped'] += 1;
      return;
    }
  }
  summary.bad.push({ line, reason: 'others change this customer all the time; run the import again' });
}
