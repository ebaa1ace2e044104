// How the lanes of the systems stand.
import { lanesJson, type ShownLane, type ShownLanes } from '../../lib/operations/lane-list.ts';
import { shortTime } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { exit } from '../exit.ts';
import { count, table, type Output } from '../output.ts';
import { systemArgument } from '../systems.ts';
import { withSource } from '../with-source.ts';

export function addLanes({ program, output, finish, systems }: CommandContext): void {
  program
    .command('lanes')
    .addArgument(systemArgument(systems))
    .option('--json', 'print the lanes as JSON')
    .addHelpText(
      'after',
      `
pending: pairs that a worker is to look at. waiting: pairs that wait since the direction is paused, or off by a setting.
npx twinbox pause and resume stop and start a system, a direction or a customer.

Examples:
  $ npx twinbox lanes
  $ npx twinbox lanes stripe --json`,
    )
    .action(async (named: string | undefined, { json = false }: { json?: boolean }) => {
      const lanes = await withSource(systems, (source) => source.lanes(named));
      if (json) output.printJson({ lanes: lanes.map(lanesJson) });
      else printLanes(lanes, output);
      finish(exit.ok);
    });
}

const HEAD = ['system', 'direction', 'state', 'since', 'pending', 'waiting', 'why'];

function printLanes(all: readonly ShownLanes[], output: Output): void {
  const rows = all.flatMap(({ system, lanes }) => lanes.map((lane) => toRow(system, lane)));
  for (const line of table([HEAD, ...rows])) output.print(line);
  for (const { system, paused, slowed, budgets } of all) {
    if (paused.count > 0) output.print(`${count(paused.count, 'customer')} paused at ${system}:`);
    for (const { rowId, since, why, by } of paused.rows)
      output.print(`  customer ${rowId} since ${shortTime(since)} by ${by}${why === null ? '' : `: ${why}`}`);
    for (const { endpoint, share } of slowed)
      output.print(
        `${system} is called at ${Math.round(share * 100)} % of the rate${endpoint && ` at ${endpoint}`}`,
      );
    for (const { name, limit, used } of budgets)
      output.print(`quota ${name} of ${system}: ${used} of ${limit} used`);
  }
}

function toRow(system: string, { direction, state, since, why, by, pending, waiting }: ShownLane): string[] {
  const says = [by === null ? null : `by ${by}`, why].filter((part) => part !== null).join(': ');
  return [
    ...[system, direction, state.replace('_', ' '), since ? shortTime(since) : '–'],
    ...[String(pending), String(waiting), says || '–'],
  ];
}
