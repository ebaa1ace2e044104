import type { Command } from 'commander';
import { listJobs, readFailures, readJob } from '../../db/replays/jobs.ts';
import { systemClock } from '../../lib/clock.ts';
import { failureJson, jobJson } from '../../lib/operations/replay-json.ts';
import { actOnReplay, type JobVerb } from '../../lib/operations/replay-jobs.ts';
import { commandActor } from '../actor.ts';
import { toId, toLimit } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError, exit } from '../exit.ts';
import { jobDetailLines, jobLines, sayActed } from '../replay-jobs.ts';
import { withDatabase } from '../session.ts';

/** As many pairs that failed as the API shows. */
const FAILURES = 100;

export function addReplays(context: CommandContext): void {
  const replays = context.program.command('replays').addHelpText(
    'after',
    `
\`replay\` plans a replay and begins it.

Examples:
  $ npx twinbox replays list
  $ npx twinbox replays show 7
  $ npx twinbox replays pause 7 --reason "the system is slow"
  $ npx twinbox replays resume 7
  $ npx twinbox replays cancel 7 --reason "the wrong ones"`,
  );
  addList(replays, context);
  addShow(replays, context);
  addAct(replays, context, 'pause', 'raise no more pairs until it is resumed');
  addAct(replays, context, 'resume', 'let one go on that is paused or has stopped itself');
  addAct(
    replays,
    context,
    'cancel',
    'end one; a pair that is raised already is still looked at, and not counted',
  );
}

function addList(replays: Command, { output, finish }: CommandContext): void {
  replays
    .command('list', { isDefault: true })
    .description('list the replays, newest first')
    .option('--limit <number>', 'the largest number of lines', toLimit, 20)
    .option('--after <id>', 'only older ones than this', toId)
    .option('--json', 'print the list as JSON')
    .action(async ({ limit, after, json = false }: { limit: number; after?: number; json?: boolean }) => {
      const jobs = await withDatabase(
        ({ database: { db } }) => listJobs(db, { before: after ?? null, limit }),
        { mayCreate: false },
      );
      if (json) output.printJson({ replays: jobs.map(jobJson) });
      else if (jobs.length === 0) output.say('There is no replay.');
      else for (const line of jobLines(jobs)) output.print(line);
      finish(exit.ok);
    });
}

function addShow(replays: Command, { output, finish }: CommandContext): void {
  replays
    .command('show')
    .description('show one replay with its progress, and the pairs that failed')
    .argument('<replay>', 'its id', toId)
    .option('--json', 'print it as JSON')
    .action(async (id: number, { json = false }: { json?: boolean }) => {
      const found = await withDatabase(
        async ({ database: { db } }) => ({
          job: await readJob(db, id),
          failures: await readFailures(db, id, FAILURES),
        }),
        { mayCreate: false },
      );
      const { job, failures } = found;
      if (!job) throw noSuch(id);
      if (json) output.printJson({ ...jobJson(job), failures: failures.map(failureJson) });
      else for (const line of jobDetailLines(job, failures)) output.print(line);
      finish(exit.ok);
    });
}

function addAct(replays: Command, { output, finish }: CommandContext, verb: JobVerb, says: string): void {
  replays
    .command(verb)
    .description(says)
    .argument('<replay>', 'its id', toId)
    .option('--why, --reason <text>', 'the reason, which is stored and logged')
    .option('--json', 'print it as JSON')
    .action(async (id: number, { reason, json = false }: { reason?: string; json?: boolean }) => {
      const asked = { id, verb, reason: reason ?? null, actor: commandActor() };
      const acted = await withDatabase(
        ({ database: { db } }) => actOnReplay({ db, clock: systemClock }, asked),
        { mayCreate: false },
      );
      if (acted.outcome === 'not_found') throw noSuch(id);
      if (acted.outcome === 'cannot')
        throw new CliError(exit.failed, `Replay ${id} is ${acted.state}, so it cannot be told to ${verb}.`);
      if (json) output.printJson(jobJson(acted.job));
      else output.say(sayActed(verb, acted));
      finish(exit.ok);
    });
}

function noSuch(id: number): CliError {
  return new CliError(exit.nothingMatched, `No replay has the id ${id}.`);
}
