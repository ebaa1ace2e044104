import type { Command } from 'commander';
import { MOST_DELIVERIES } from '../../db/replays/selection.ts';
import { groupJson, memberJson } from '../../lib/operations/error-groups.ts';
import { rates } from '../../lib/operations/replay-rates.ts';
import { toFingerprint, toRate, toReason } from '../choices.ts';
import { close, type CloseOptions } from '../close.ts';
import type { CommandContext } from '../command-context.ts';
import { exit } from '../exit.ts';
import { groupDetailLines, groupLines } from '../groups.ts';
import { RESULT_WAIT } from '../outcome.ts';
import { replay, type ReplayOptions } from '../replay.ts';
import { toSeconds } from '../seconds.ts';
import { systemOption } from '../systems.ts';
import { withSource } from '../with-source.ts';

export function addGroups(context: CommandContext): void {
  const groups = context.program.command('groups').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox groups list
  $ npx twinbox groups show 3f2a9c0d1b4e
  $ npx twinbox groups replay 3f2a9c0d1b4e --rate 5 --yes --reason "the key was renewed"
  $ npx twinbox groups close 3f2a9c0d1b4e --reason "test data" --yes`,
  );
  addList(groups, context);
  addShow(groups, context);
  addReplayOf(groups, context);
  addClose(groups, context);
}

function addList(groups: Command, { output, finish, systems }: CommandContext): void {
  groups
    .command('list', { isDefault: true })
    .description('list the groups, the largest first')
    .addOption(systemOption(systems))
    .option('--closed', 'only those all of whose pairs are closed, which are not listed otherwise')
    .option('--json', 'print the list as JSON')
    .action(async (options: { system?: string; closed?: boolean; json?: boolean }) => {
      const { system, closed = false, json = false } = options;
      const found = await withSource(systems, (source) => source.groups({ system, closed }));
      if (json) output.printJson({ groups: found.map(groupJson) });
      else if (found.length === 0)
        output.say(
          closed
            ? 'No group is closed.'
            : 'No open pair is parked, waits for a person or fails; --closed lists what a person has closed.',
        );
      else for (const line of groupLines(found)) output.print(line);
      finish(exit.ok);
    });
}

function addShow(groups: Command, { output, finish, systems }: CommandContext): void {
  groups
    .command('show')
    .description('show one group with its pairs')
    .argument('<group>', 'its fingerprint, as the list shows it', toFingerprint)
    .option('--json', 'print the group as JSON')
    .action(async (fingerprint: string, { json = false }: { json?: boolean }) => {
      const group = await withSource(systems, (source) => source.group(fingerprint));
      if (!group) {
        output.say(`No pair is in a group ${fingerprint} now.`);
        return finish(exit.nothingMatched);
      }
      if (json) output.printJson({ ...groupJson(group), pairs: group.members.map(memberJson) });
      else for (const line of groupDetailLines(group)) output.print(line);
      finish(exit.ok);
    });
}

function addReplayOf(groups: Command, { output, finish, systems }: CommandContext): void {
  groups
    .command('replay')
    .description('show what another attempt would do for the pairs of a group; with --yes try again')
    .argument('<group>', 'its fingerprint', toFingerprint)
    .option('--rate <number>', `customers per second, ${rates.default} without it`, toRate)
    .option('--yes', 'go ahead without asking')
    .option(
      '--why, --reason <text>',
      'the reason, which is stored and logged; needed for more than one customer',
      toReason,
    )
    .option('--wait <seconds>', 'how long to wait for the results', toSeconds, RESULT_WAIT)
    .option('--json', 'print the list as JSON')
    .action(async (group: string, options: ReplayOptions) => {
      // A group is of one system.
      const name = (await withSource(systems, (source) => source.group(group)))?.system ?? null;
      if (name === null) {
        output.say(`No open pair is in a group ${group} now.`);
        return finish(exit.nothingMatched);
      }
      const words = { group, max: MOST_DELIVERIES };
      finish(await replay(systems, name, words, options, output));
    });
}

function addClose(groups: Command, context: CommandContext): void {
  groups
    .command('close')
    .description('close the pairs of a group: they need no person until something happens to them')
    .argument('<group>', 'its fingerprint', toFingerprint)
    .requiredOption('--why, --reason <text>', 'the reason, which is stored and logged', toReason)
    .option('--yes', 'go ahead without asking')
    .option('--json', 'print how many as JSON; with --yes')
    .action(async (group: string, options: CloseOptions) =>
      context.finish(await close(context, `groups close ${group}`, { group }, options)),
    );
}
