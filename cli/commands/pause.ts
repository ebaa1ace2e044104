// Pausing and resuming: a whole system, one direction of it, or one customer at it.
import { Option, type Command } from 'commander';
import { directions, type Direction } from '../../db/limits/pauses.ts';
import { settingOf } from '../../lib/config/systems.ts';
import type { LaneAsked, PauseOutcome, Resumed } from '../../lib/operations/lanes.ts';
import type { Acts } from '../acts.ts';
import { shortTime, toId, toReason } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError, exit } from '../exit.ts';
import { count, type Output } from '../output.ts';
import { ofEach, systemArgument } from '../systems.ts';
import { withSource } from '../with-source.ts';

type Options = { direction?: Direction; customer?: number; why?: string; json?: boolean; deletes?: boolean };

export function addPause(context: CommandContext): void {
  const { program, systems } = context;
  const command = program.command('pause').addArgument(systemArgument(systems));
  addWhat(command)
    .option('--reason, --why <text>', 'the reason, which is stored', toReason)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
A pause holds for every process on this database and over restarts, until \`twinbox resume\`. Steps in progress are finished.
outbound: nothing is written to the system, and its changes still come in. inbound: the reverse; webhooks are stored meanwhile.

Examples:
  $ npx twinbox pause stripe --why "importing prices until five"
  $ npx twinbox pause stripe --direction outbound --why "Stripe support looks at the account"
  $ npx twinbox pause --customer 42 --why "a dispute about the name"`,
    )
    .action((named: string | undefined, options: Options) =>
      each(context, named, options, (acts, lane, output) => pause(acts, lane, options, output)),
    );
}

export function addResume(context: CommandContext): void {
  const { program, systems } = context;
  const command = program.command('resume').addArgument(systemArgument(systems));
  addWhat(command)
    .option('--reason, --why <text>', 'the reason, which is stored', toReason)
    .option('--deletes', 'also release the deletes that the fuse holds; check first what was deleted')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Each pause is ended by itself: that of a system leaves those of a direction and of customers (npx twinbox lanes shows them).
The end of a system's pause also ends the rest of an account whose quota is used up, before the time that the system named.
The fuse holds deletes when more than 20 customers, or 5 % if that is more, are deleted within 10 minutes.

Examples:
  $ npx twinbox resume stripe
  $ npx twinbox resume stripe --direction outbound
  $ npx twinbox resume stripe --deletes`,
    )
    .action((named: string | undefined, options: Options) =>
      each(context, named, options, (acts, lane, output) => resume(acts, lane, options, output)),
    );
}

function addWhat(command: Command): Command {
  return command
    .addOption(
      new Option('--direction <direction>', 'only one: outbound is to the system, inbound is from it')
        .choices(directions)
        .conflicts(['customer', 'deletes']),
    )
    .addOption(
      new Option('--customer <id>', 'only this customer').argParser(toId).conflicts(['direction', 'deletes']),
    );
}

/** Runs `work` for each of the chosen systems. */
async function each(
  { output, finish, systems }: CommandContext,
  named: string | undefined,
  { direction, customer }: Options,
  work: (acts: Acts, lane: LaneAsked, output: Output) => Promise<boolean>,
): Promise<void> {
  const status = await withSource(systems, async (acts) =>
    ofEach(await acts.chosen(named), output, async (system, own) => {
      if (await work(acts, { system: system.name, direction, row: customer }, own)) return exit.ok;
      throw new CliError(exit.nothingMatched, `There is no customer ${customer}.`);
    }),
  );
  finish(status);
}

/** False if there is no such customer. */
async function pause(acts: Acts, lane: LaneAsked, options: Options, output: Output): Promise<boolean> {
  const { why: reason = null, json = false } = options;
  const result = await acts.pause(lane, reason);
  if (result.outcome === 'not_found') return false;
  if (json)
    output.printJson({
      ...{ ...aboutJson(lane), paused: true, why: result.pause.why },
      was_paused: result.outcome === 'paused_already',
    });
  else sayPaused(output, lane, result);
  return true;
}

const aboutJson = ({ system, direction, row }: LaneAsked) => ({
  system,
  ...(direction && { direction }),
  ...(row !== undefined && { customer: row }),
});

function sayPaused(
  output: Output,
  lane: LaneAsked,
  { outcome, pause: { since, why }, inProgress }: Exclude<PauseOutcome, { outcome: 'not_found' }>,
): void {
  const name = nameOf(lane);
  if (outcome === 'paused_already')
    output.say(
      `${name} is paused already, since ${shortTime(since)}${why === null ? '' : `: ${why}`}. Your reason was recorded.`,
    );
  else
    output.say(
      `${name} is paused. Changes are kept, and are ${lane.direction === 'inbound' ? 'taken over' : 'sent'} after: ${resumeOf(lane)}`,
    );
  if (inProgress) output.say(`A worker has begun ${count(inProgress, 'step')} of it, and finishes that.`);
}

/** `stripe`, `outbound to stripe`, `customer 42 at stripe`. */
function nameOf({ system, direction, row }: LaneAsked): string {
  if (row !== undefined) return `customer ${row} at ${system}`;
  if (direction === undefined) return system;
  return direction === 'outbound' ? `outbound to ${system}` : `inbound from ${system}`;
}

function resumeOf({ system, direction, row }: LaneAsked): string {
  const what = row === undefined ? (direction ? ` --direction ${direction}` : '') : ` --customer ${row}`;
  return `npx twinbox resume ${system}${what}`;
}

/** False if there is no such customer. */
async function resume(acts: Acts, lane: LaneAsked, options: Options, output: Output): Promise<boolean> {
  const { why: reason = null, deletes = false, json = false } = options;
  const result = await acts.resume({ ...lane, deletes }, reason);
  if (result.outcome === 'not_found') return false;
  if (json)
    output.printJson({
      ...{ ...aboutJson(lane), paused: false, was_paused: result.outcome === 'resumed' },
      ...{ was_resting: result.wasResting, released_deletes: result.releasedDeletes },
      ...{
        released_writes: result.released,
        deletes_held: result.deletesHeld,
        still_paused: result.stillPaused,
      },
    });
  else sayResumed(output, lane, result);
  return true;
}

function sayResumed(output: Output, lane: LaneAsked, result: Resumed): void {
  const { system, direction, row } = lane;
  const isWhole = direction === undefined && row === undefined;
  const name = nameOf(lane);
  output.say(
    result.wasResting
      ? `${name} is resumed: its account rested because its quota was used up, and is called again now.`
      : result.outcome === 'resumed'
        ? `${name} is resumed.`
        : `${name} was not paused.`,
  );
  if (result.releasedDeletes > 0) output.say(`${count(result.releasedDeletes, 'held delete')} released.`);
  if (result.released > 0) {
    const cause = isWhole ? settingOf(system, 'WRITES') : 'the pause';
    output.say(`${count(result.released, 'change')} that waited for ${cause} released.`);
  }
  if (result.deletesHeld) {
    output.say(
      `Deletes are still held by the fuse: npx twinbox deletes ${system} shows, releases or takes back these deletes.`,
    );
  }
  for (const still of result.stillPaused)
    output.say(
      `${nameOf({ system, direction: still })} is still paused: ${resumeOf({ system, direction: still })}`,
    );
}
