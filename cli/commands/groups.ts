import { InvalidArgumentError, type Command } from 'commander';
import { groupJson, memberJson } from '../../lib/operations/error-groups.ts';
import type { CommandContext } from '../command-context.ts';
import { exit } from '../exit.ts';
import { groupDetailLines, groupLines } from '../groups.ts';
import { systemOption } from '../systems.ts';
import { withSource } from '../with-source.ts';

export function addGroups(context: CommandContext): void {
  const groups = context.program.command('groups').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox groups list
  $ npx twinbox groups show 3f2a9c0d1b4e`,
  );
  addList(groups, context);
  addShow(groups, context);
}

function addList(groups: Command, { output, finish, systems }: CommandContext): void {
  groups
    .command('list', { isDefault: true })
    .description('list the groups, the largest first')
    .addOption(systemOption(systems))
    .option('--json', 'print the list as JSON')
    .action(async ({ system, json = false }: { system?: string; json?: boolean }) => {
      const found = await withSource(systems, (source) => source.groups(system));
      if (json) output.printJson({ groups: found.map(groupJson) });
      else if (found.length === 0) output.say('No pair is parked, waits for a person or fails.');
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

function toFingerprint(text: string): string {
  if (!/^[0-9a-f]{12}$/.test(text))
    throw new InvalidArgumentError('It must be a fingerprint: twelve hexadecimal digits.');
  return text;
}
