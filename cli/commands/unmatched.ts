// `twinbox link --import` and `--leave`: what becomes of the records at Stripe that no customer here stands for.
import { readReading } from '../../db/account-readings.ts';
import { readConnection } from '../../db/connections.ts';
import type { Db } from '../../db/connection.ts';
import {
  countUnmatched,
  type Decision,
  type RecordPlace,
  type UnmatchedCounts,
} from '../../db/external-records.ts';
import { systemClock } from '../../lib/clock.ts';
import { decideUnmatched } from '../../lib/sync/unmatched.ts';
import { exit } from '../exit.ts';
import { count, type Output } from '../output.ts';
import { isAgreed, isInteractive } from '../question.ts';
import { withDatabase } from '../session.ts';

export type Unmatched = UnmatchedCounts & {
  /** Records that were read so far; null before the first contact. */
  read: number | null;
  /** Every record of the account was read. */
  isRead: boolean;
};

/** What is known of the records that no customer here stands for; null before the database belongs to an account. */
export async function readUnmatched(db: Db): Promise<(Unmatched & { place: RecordPlace }) | null> {
  const account = (await readConnection(db, 'stripe'))?.account ?? null;
  if (account === null) return null;
  const place = { system: 'stripe', account, externalType: 'customer' };
  const [reading, counts] = await Promise.all([readReading(db, place), countUnmatched(db, place)]);
  return { ...counts, read: reading?.records ?? null, isRead: reading?.doneAt instanceof Date, place };
}

/** The sentences that say how many there are and which command decides; none where there is nothing to say. */
export function describeUnmatched({ undecided, importing, left, read, isRead }: Unmatched): string[] {
  if (!isRead)
    return [
      `The records at Stripe are being read for the first time (${(read ?? 0).toLocaleString('en-US')} so far); creates wait until that is done.`,
    ];
  return [
    ...(undecided > 0
      ? [
          `Stripe has ${count(undecided, 'customer')} that no customer here stands for: npx twinbox link --dry-run shows them; ` +
            'link --all, --import or --leave decides.',
        ]
      : []),
    ...(importing > 0 ? [`${count(importing, 'record')} at Stripe will become customers here.`] : []),
    ...(left > 0 ? [`Left alone at Stripe: ${count(left, 'record')}.`] : []),
  ];
}

/** Decides about every unmatched record, after asking. */
export async function decideAboutUnmatched(
  decision: Decision,
  { dryRun, yes, json }: { dryRun: boolean; yes: boolean; json: boolean },
  output: Output,
): Promise<number> {
  return withDatabase(
    async ({ database: { db } }) => {
      const unmatched = await readUnmatched(db);
      if (unmatched === null || !unmatched.isRead) {
        output.say(
          'The account has not been read yet: workers do that at their first contact (npx twinbox up).',
        );
        return exit.undecided;
      }
      const open = decision === 'import' ? unmatched.undecided + unmatched.left : unmatched.undecided;
      if (open === 0) {
        if (json) output.printJson({ decision, records: 0 });
        else output.say('There is no record at Stripe to decide about.');
        return exit.nothingMatched;
      }
      const question =
        decision === 'import'
          ? `Make customers here of ${count(open, 'record')} at Stripe?`
          : `Leave ${count(open, 'record')} at Stripe without a customer here?`;
      if (dryRun || !(yes || (await isAgreed(question, output)))) {
        if (json) output.printJson({ decision, records: 0, matched: open });
        else if (dryRun || !isInteractive()) output.say(`${question} Only shown. --yes does it.`);
        return exit.ok;
      }
      const decided = await decideUnmatched({ db, clock: systemClock }, unmatched.place, decision, 'cli');
      if (json) output.printJson({ decision, records: decided });
      else if (decision === 'import')
        output.say(`${count(decided, 'record')} will become customers here, behind all other work.`);
      else output.say(`Left alone: ${count(decided, 'record')}. --import takes that back.`);
      return exit.ok;
    },
    { mayCreate: false },
  );
}
