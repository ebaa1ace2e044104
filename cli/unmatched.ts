// What every command says of the unmatched records at a system, and which command decides about them.
import { readReading } from '../db/account-readings.ts';
import { readConnection } from '../db/connections.ts';
import type { Db } from '../db/server/connection.ts';
import { countUnmatched, type RecordPlace, type UnmatchedCounts } from '../db/external-records.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import { count } from './output.ts';

export type Unmatched = UnmatchedCounts & {
  /** The system, as people call it. */
  label: string;
  /** Records that were read so far; null before the first contact. */
  read: number | null;
  /** Whether every record of the account was read. */
  isRead: boolean;
};

/** What is known of the unmatched records; null before the database belongs to an account of the system. */
export async function readUnmatched(
  db: Db,
  { name: system, label, externalType }: SystemDefinition,
): Promise<(Unmatched & { place: RecordPlace }) | null> {
  const account = (await readConnection(db, system))?.account ?? null;
  if (account === null) return null;
  const place = { system, account, externalType };
  const [reading, counts] = await Promise.all([readReading(db, place), countUnmatched(db, place)]);
  return { ...counts, label, read: reading?.records ?? null, isRead: reading?.doneAt instanceof Date, place };
}

/**
 * Sentences that say how many unmatched records there are, and which command decides; none if there
 * are no such records.
 */
export function describeUnmatched({ label, undecided, importing, left, read, isRead }: Unmatched): string[] {
  if (!isRead)
    return [
      `The records at ${label} are being read for the first time (${(read ?? 0).toLocaleString('en-US')} so far); creates wait until that is done.`,
    ];
  return [
    ...(undecided > 0
      ? [
          `${label} has ${count(undecided, 'customer')} that no customer here stands for: npx twinbox link --dry-run shows them; ` +
            'link --all, --import or --leave decides.',
        ]
      : []),
    ...(importing > 0 ? [`${count(importing, 'record')} at ${label} will become customers here.`] : []),
    ...(left > 0 ? [`Left alone at ${label}: ${count(left, 'record')}.`] : []),
  ];
}

export function unmatchedJson({ undecided, importing, left, read, isRead }: Unmatched): object {
  return { undecided, importing, left, records_read: read, all_read: isRead };
}
