// The sentences of every command about the unmatched records at a system, and about the command
// that decides.
import { readReading } from '../db/account-readings.ts';
import { readConnection } from '../db/connections.ts';
import type { Db } from '../db/server/connection.ts';
import { countUnmatched, type RecordPlace, type UnmatchedCounts } from '../db/external-records.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import { count } from './output.ts';

export type Unmatched = UnmatchedCounts & {
  /** The name of the system for people. */
  label: string;
  /** The number of records that were read so far; null before the first contact. */
  read: number | null;
  /** Whether every record of the account was read. */
  isRead: boolean;
};

/**
 * The numbers of unmatched records; null before the database belongs to an account of the system.
 */
export async function readUnmatched(
  db: Db,
  { name: system, label, externalType }: SystemDefinition,
): Promise<(Unmatched & { place: RecordPlace }) | null> {
  const account = (await readConnection(db, system))?.account ?? null;
  if (account === null) return null;
  const place = { system, account, externalType };
  // One after the other: the handle may be one transaction.
  const reading = await readReading(db, place);
  const counts = await countUnmatched(db, place);
  return { ...counts, label, read: reading?.records ?? null, isRead: reading?.doneAt instanceof Date, place };
}

/**
 * Sentences that say how many unmatched records there are, and which command decides; none if there
 * are no such records.
 */
export function describeUnmatched({ label, undecided, importing, left, read, isRead }: Unmatched): string[] {
  if (!isRead)
    return [
      `The records at ${label} are being read for the first time (${(read ?? 0).toLocaleString('en-US')} so far); creates wait until all are read.`,
    ];
  return [
    ...(undecided > 0
      ? [
          `${label} has ${count(undecided, 'record')} without a customer in our table: npx twinbox link --dry-run shows them; ` +
            'decide with link --all, --import or --leave.',
        ]
      : []),
    ...(importing > 0
      ? [`Workers will create customers in our table for ${count(importing, 'record')} at ${label}.`]
      : []),
    ...(left > 0 ? [`Left without a customer: ${count(left, 'record')} at ${label}.`] : []),
  ];
}

export function unmatchedJson({ undecided, importing, left, read, isRead }: Unmatched): object {
  return { undecided, importing, left, records_read: read, all_read: isRead };
}
