// `twinbox link --import` and `--leave`: decide about the unmatched records at a system.
import type { Decision } from '../../db/external-records.ts';
import { systemClock } from '../../lib/clock.ts';
import { decideUnmatched } from '../../lib/intake/unmatched.ts';
import { commandActor } from '../actor.ts';
import { exit } from '../exit.ts';
import { count, type Output } from '../output.ts';
import { isAgreed, isInteractive } from '../question.ts';
import { withDatabase } from '../session.ts';
import type { About } from '../systems.ts';
import { readUnmatched } from '../unmatched.ts';

type UnmatchedOptions = About & { dryRun: boolean; yes: boolean; json: boolean };

/** Decides about every unmatched record, after asking. */
export async function decideAboutUnmatched(
  decision: Decision,
  { system, config, dryRun, yes, json }: UnmatchedOptions,
  output: Output,
): Promise<number> {
  return withDatabase(
    async ({ database: { db } }) => {
      const unmatched = await readUnmatched(db, system);
      if (unmatched === null || !unmatched.isRead) {
        output.say(
          'The records of the account have not been read yet: workers read them at the first contact (npx twinbox up).',
        );
        return exit.undecided;
      }
      const open = unmatched.undecided + (decision === 'import' ? unmatched.left : unmatched.importing);
      if (open === 0) {
        if (json) output.printJson({ decision, records: 0 });
        else output.say(`There is no record at ${system.label} to decide about.`);
        return exit.nothingMatched;
      }
      const question =
        decision === 'import'
          ? `Create customers in our table for ${count(open, 'record')} at ${system.label}?`
          : `Leave ${count(open, 'record')} at ${system.label} without a customer in our table?`;
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
    { mayCreate: false, config },
  );
}
