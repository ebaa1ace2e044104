// `twinbox link --import` and `--leave`: decide about the unmatched records at Stripe.
import type { Decision } from '../../db/external-records.ts';
import { systemClock } from '../../lib/clock.ts';
import { decideUnmatched } from '../../lib/intake/unmatched.ts';
import { commandActor } from '../actor.ts';
import { exit } from '../exit.ts';
import { count, type Output } from '../output.ts';
import { isAgreed, isInteractive } from '../question.ts';
import { withDatabase } from '../session.ts';
import { readUnmatched } from '../unmatched.ts';

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
          'The records of the account have not been read yet: workers read them at the first contact (npx twinbox up).',
        );
        return exit.undecided;
      }
      const open = unmatched.undecided + (decision === 'import' ? unmatched.left : unmatched.importing);
      if (open === 0) {
        if (json) output.printJson({ decision, records: 0 });
        else output.say('There is no record at Stripe to decide about.');
        return exit.nothingMatched;
      }
      const question =
        decision === 'import'
          ? `Create customers in our table for ${count(open, 'record')} at Stripe?`
          : `Leave ${count(open, 'record')} at Stripe without a customer in our table?`;
      if (dryRun || !(yes || (await isAgreed(question, output)))) {
        if (json) output.printJson({ decision, records: 0, matched: open });
        else if (dryRun || !isInteractive())
          output.say(`${question} Nothing was changed. Add --yes to go ahead.`);
        return exit.ok;
      }
      const decided = await decideUnmatched(
        { db, clock: systemClock },
        unmatched.place,
        decision,
        commandActor(),
      );
      if (json) output.printJson({ decision, records: decided });
      else if (decision === 'import')
        output.say(
          `Workers will create customers in our table for ${count(decided, 'record')}, after all other work.`,
        );
      else output.say(`Left without a customer: ${count(decided, 'record')}. --import reverses this.`);
      return exit.ok;
    },
    { mayCreate: false },
  );
}
