import { Option, type Command } from 'commander';
import { sleep } from '../../lib/loop.ts';
import { failureJson, jobJson } from '../../lib/operations/replay-json.ts';
import type { JobVerb, ReplayJob } from '../../lib/operations/replay-jobs.ts';
import { toId, toLimit, toReason } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import { createProgress } from '../progress.ts';
import { jobDetailLines, jobLines, sayActed } from '../replay-jobs.ts';
import type { Source } from '../source.ts';
import { withSource } from '../with-source.ts';

export function addReplays(context: CommandContext): void {
  const replays = context.program.command('replays').addHelpText(
    'after',
    `
\`replay\` plans a replay and begins it.

Examples:
  $ npx twinbox replays list
  $ npx twinbox replays show 7 --follow
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

function addList(replays: Command, { output, finish, systems }: CommandContext): void {
  replays
    .command('list', { isDefault: true })
    .description('list the replays, newest first')
    .option('--limit <number>', 'the largest number of lines', toLimit, 20)
    .option('--after <id>', 'only older ones than this', toId)
    .option('--json', 'print the list as JSON')
    .action(async ({ limit, after, json = false }: { limit: number; after?: number; json?: boolean }) => {
      const jobs = await withSource(systems, (source) => source.replays({ before: after ?? null, limit }));
      if (json) output.printJson({ replays: jobs.map(jobJson) });
      else if (jobs.length === 0) output.say('There is no replay.');
      else for (const line of jobLines(jobs)) output.print(line);
      finish(exit.ok);
    });
}

function addShow(replays: Command, { output, finish, systems }: CommandContext): void {
  replays
    .command('show')
    .description('show one replay with its progress, and the pairs that failed')
    .argument('<replay>', 'its id', toId)
    .option('--follow', 'wait until it ends or stops, with a progress bar on a terminal')
    .addOption(new Option('--wait', 'the same as --follow').implies({ follow: true }))
    .option('--json', 'print it as JSON')
    .action(async (id: number, { json = false, follow = false }: { json?: boolean; follow?: boolean }) => {
      const { job, failures } = await withSource(systems, async (source) => {
        const found = await demandReplay(source, id);
        if (isOpen(found.job) && (await source.hasWorker()) === false)
          output.say('No worker runs, so nothing of it happens. Start one: npx twinbox up');
        return follow ? followReplay(source, found, output) : found;
      });
      if (json) output.printJson({ ...jobJson(job), failures: failures.map(failureJson) });
      else for (const line of jobDetailLines(job, failures)) output.print(line);
      finish(exit.ok);
    });
}

type Shown = NonNullable<Awaited<ReturnType<Source['replay']>>>;

async function demandReplay(source: Source, id: number): Promise<Shown> {
  const found = await source.replay(id);
  if (!found) throw noSuch(id);
  return found;
}

/** Workers have something to do for it; what is paused or has stopped itself waits for a person. */
function isOpen({ state, queued, raised }: ReplayJob): boolean {
  return state === 'running' && queued + raised > 0;
}

const REST_MS = 500;

async function followReplay(source: Source, first: Shown, output: Output): Promise<Shown> {
  const progress = createProgress(output, 'customers looked at');
  let shown = first;
  while (isOpen(shown.job)) {
    const { id, pairs, queued, raised } = shown.job;
    const done = pairs - queued - raised;
    progress.update(done, done / pairs);
    await sleep(REST_MS);
    shown = await demandReplay(source, id);
  }
  progress.end();
  return shown;
}

function addAct(
  replays: Command,
  { output, finish, systems }: CommandContext,
  verb: JobVerb,
  says: string,
): void {
  replays
    .command(verb)
    .description(says)
    .argument('<replay>', 'its id', toId)
    .option('--why, --reason <text>', 'the reason, which is stored and logged', toReason)
    .option('--json', 'print it as JSON')
    .action(async (id: number, { reason, json = false }: { reason?: string; json?: boolean }) => {
      const acted = await withSource(systems, (source) => source.actOnReplay(id, verb, reason ?? null));
      if (acted.outcome === 'not_found') throw noSuch(id);
      if (acted.outcome === 'cannot')
        throw new CliError(
          exit.failed,
          `Replay ${id} is ${acted.state}, so it cannot be told to ${verb}.${verb === 'resume' ? ' Begin another: npx twinbox replay' : ''}`,
        );
      if (json) output.printJson(jobJson(acted.job));
      else output.say(sayActed(verb, acted));
      finish(exit.ok);
    });
}

function noSuch(id: number): CliError {
  return new CliError(exit.nothingMatched, `No replay has the id ${id}.`);
}
