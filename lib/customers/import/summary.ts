// What an import did, with each row that is not in the database as the file has it: for one that ends soon,
// and whose reader wants all of it at once.
import { importRows, type ImportDeps } from './import-rows.ts';
import type { Counts, Different, RefusedRow, RowOutcome } from './outcome.ts';
import type { Derived } from './person.ts';
import type { Row } from './rows.ts';

export type Named = Pick<Different | RefusedRow, 'line' | 'reason' | 'found'>;

export type Summary = Omit<Counts, 'different' | 'refused'> & Lists;

type Lists = {
  /** Rows of existing customers with other values, which were not changed. */
  different: Named[];
  bad: Named[];
  /** How many customers were created without a name in the file, by the source of the name. */
  named: Record<Derived, number>;
  /** Lines of rows with several addresses, of which the first was used. */
  severalEmails: number[];
};

export type SummaryDeps = Omit<ImportDeps, 'onBatch'> & {
  /** Called after each batch. `bytes`: the size of the rows so far in the file. */
  onDone?: (done: { rows: number; bytes: number }) => void;
};

export async function importAll(
  rows: AsyncIterable<Row>,
  { onDone, ...deps }: SummaryDeps,
): Promise<{ summary: Summary; whole: boolean }> {
  const lists: Lists = { different: [], bad: [], named: { company: 0, email: 0 }, severalEmails: [] };
  let bytes = 0;
  const { counts, whole } = await importRows(rows, {
    ...deps,
    onBatch(outcomes, { rows: done }) {
      for (const outcome of outcomes) {
        note(outcome, lists);
        bytes += outcome.bytes;
      }
      onDone?.({ rows: done, bytes });
    },
  });
  const { rows: read, created, updated, skipped, repeated } = counts;
  return { summary: { rows: read, created, updated, skipped, repeated, ...lists }, whole };
}

function note(outcome: RowOutcome, { different, bad, named, severalEmails }: Lists): void {
  if (outcome.severalEmails) severalEmails.push(outcome.line);
  if (outcome.outcome === 'created' && outcome.derived) named[outcome.derived] += 1;
  if (outcome.outcome !== 'different' && outcome.outcome !== 'refused') return;
  const { line, reason, found } = outcome;
  (outcome.outcome === 'refused' ? bad : different).push({ line, reason, ...(found && { found }) });
}
