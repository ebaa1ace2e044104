import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ListedEvent } from '../../db/events/list.ts';
import { systemClock } from '../../lib/clock.ts';
import { listedEventJson, timelineJson } from '../../lib/operations/event-json.ts';
import {
  eventStatuses,
  parseStatuses,
  patterns,
  readEventWords,
  says,
  type EventQuery,
  type EventWords,
} from '../../lib/operations/event-query.ts';
import { decodeCursor, encodeCursor, type ListIdentity } from '../../lib/operations/list-cursor.ts';
import { groupJson, type ExplainedGroup, type GroupMember } from '../../lib/operations/error-groups.ts';
import { LIMIT_MAX, shortTime, toId, toLimit, toReason, toTimeWord, toUuid } from '../choices.ts';
import { exit } from '../exit.ts';
import { table } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { groupLines } from '../groups.ts';
import type { Source } from '../source.ts';
import { timelineLines } from '../event-report.ts';
import { withSource } from '../with-source.ts';
import { close, type CloseOptions } from '../close.ts';

type ListOptions = {
  status?: string[];
  type?: string;
  customer?: number;
  system?: string;
  target?: string;
  error?: string;
  since?: string;
  until?: string;
  needsAttention?: boolean;
  after?: string;
  limit: number;
  json?: boolean;
};

export function addEvents(context: CommandContext): void {
  const events = context.program.command('events').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox events list --customer 42
  $ npx twinbox events list --status parked,waiting --since 2h
  $ npx twinbox events --needs-attention
  $ npx twinbox events show 0198c0de-0000-7000-8000-000000000001
  $ npx twinbox events close 0198c0de-0000-7000-8000-000000000001 --reason "test data" --yes`,
  );
  addList(events, context);
  addShow(events, context);
  addClose(events, context);
}

function addList(events: Command, context: CommandContext): void {
  const targets = [...context.systems.names, 'internal'];
  events
    .command('list', { isDefault: true })
    .description('list events, newest first')
    .option(
      '--status <status...>',
      `only those with a delivery in one of these states: ${eventStatuses.join(', ')}`,
      toStatuses,
    )
    .option('--type <type>', 'only those of this type, such as customer.updated or stripe.*', toType)
    .option('--customer <id>', 'only those of this customer', toId)
    .addOption(
      new Option('--system <system>', 'only those for this system, or for our table: internal').choices(
        targets,
      ),
    )
    .addOption(new Option('--target <system>', 'the old name of --system').choices(targets).hideHelp())
    .option('--error <code>', 'only those whose delivery failed with this code at its last failure', toCode)
    .option('--since <time>', 'only those since then: 30m, 2h, 7d, or a time with its zone', toTimeWord)
    .option('--until <time>', 'only those before then', toTimeWord)
    .addOption(
      new Option(
        '--needs-attention',
        'only those with a delivery that is parked or waits for a person',
      ).conflicts('status'),
    )
    .option(
      '--after <cursor>',
      'only those after this place: the cursor of the page before, or a number of the list',
      toPlace,
    )
    .option('--limit <number>', `the largest number of lines, up to ${LIMIT_MAX}`, toLimit, 50)
    .option('--json', 'print the list as JSON')
    .action((options: ListOptions, command: Command) =>
      list(context, options, command.getOptionValueSource('limit') === 'default'),
    );
}

/** Of so many groups the first pairs are read; the largest groups come first. */
const GROUPS_SHOWN = 10;

/** `isShort`: on a terminal, what needs attention is a screen of groups, each with its first pairs. */
async function list(
  { output, finish, systems }: CommandContext,
  { json = false, limit, after, ...asked }: ListOptions,
  isShort: boolean,
): Promise<void> {
  const words = toWords(asked);
  const of = { list: 'events', filter: words };
  const read = readEventWords(words, { systems: systems.names, now: systemClock.now() });
  const from = after === undefined ? undefined : placeOf(of, after);
  if ('violations' in read || from === null) {
    const wrong =
      'violations' in read
        ? read.violations.map(({ pointer, detail }) => `--${pointer.slice(1)} ${detail}`)
        : [];
    output.say([...wrong, ...(from === null ? [`--after ${cursorSays}`] : [])].join('; '));
    return finish(exit.usage);
  }
  const cursor = from === undefined ? undefined : encodeCursor(of, [from]);
  const { page, more, groups, members } = await withSource(systems, async (source) => {
    const { found, next } = await source.events({ words, after: cursor, limit });
    const isWhole = showsGroups(read.query) && after === undefined;
    const all = isWhole ? await source.groups({ system: read.query.target, closed: false }) : null;
    const isScreen = isShort && !json && output.canDraw && all !== null && all.length > 0;
    return {
      ...{ page: found, more: next, groups: all },
      members: isScreen ? await readMembers(source, all.slice(0, GROUPS_SHOWN)) : undefined,
    };
  });
  if (json)
    output.printJson({
      ...(groups && { groups: groups.map(groupJson) }),
      ...{ events: page.map(listedEventJson), after: more },
    });
  else if (groups && members) {
    for (const line of groupLines(groups, members)) output.print(line);
    output.say(`Each event as a line: npx twinbox events --needs-attention --limit ${limit}`);
  } else {
    if (groups && groups.length > 0) for (const line of [...groupLines(groups), '']) output.print(line);
    if (page.length === 0) output.say('There are no such events.');
    else for (const line of table([HEAD, ...page.map(toRow)])) output.print(line);
    if (more !== null) output.say(`There are more: --after ${more}`);
  }
  finish(exit.ok);
}

async function readMembers(
  source: Source,
  groups: readonly ExplainedGroup[],
): Promise<Map<string, GroupMember[]>> {
  const members = new Map<string, GroupMember[]>();
  for (const { fingerprint } of groups)
    members.set(fingerprint, (await source.group(fingerprint))?.members ?? []);
  return members;
}

/** The words of the URL: a cursor of a command is one of the API. */
function toWords({
  status,
  target,
  system = target,
  needsAttention,
  ...rest
}: Omit<ListOptions, 'limit' | 'after' | 'json'>): EventWords {
  return {
    ...rest,
    ...(status && { status: status.join(',') }),
    ...(system !== undefined && { system }),
    ...(needsAttention === true && { needs_attention: 'true' as const }),
  };
}

/** The number after which the page begins; null for a cursor of another list. */
function placeOf(of: ListIdentity, after: string): number | null {
  if (/^[1-9][0-9]{0,15}$/.test(after)) return Number(after);
  const [id] = decodeCursor(of, after, ['number']) ?? [];
  return id === undefined ? null : Number(id);
}

const cursorSays = 'must be a whole cursor of this list with the same filter, or a number of the list.';

function toPlace(text: string): string {
  if (!/^[1-9][0-9]{0,15}$|^[0-9a-z_-]+([.][0-9a-z_-]+)+$/.test(text))
    throw new InvalidArgumentError(`It ${cursorSays}`);
  return text;
}

function toStatuses(text: string, before: string[] = []): string[] {
  const found = parseStatuses(text);
  if (found === null) throw new InvalidArgumentError(`It ${says.status}.`);
  return [...before, ...found];
}

function toType(text: string): string {
  if (!new RegExp(patterns.type).test(text)) throw new InvalidArgumentError(`It ${says.type}.`);
  return text;
}

function toCode(text: string): string {
  if (!new RegExp(patterns.error).test(text)) throw new InvalidArgumentError(`It ${says.error}.`);
  return text;
}

function addShow(events: Command, { output, finish, systems }: CommandContext): void {
  events
    .command('show')
    .description('show the whole path of one event: request, row, bus, deliveries, calls, echo')
    .argument('<event>', 'the id of the event', toUuid)
    .option('--json', 'print the path as JSON, with the payload of the event')
    .action(async (eventId: string, { json = false }: { json?: boolean }) => {
      const timeline = await withSource(systems, (source) => source.event(eventId));
      if (!timeline) {
        output.say(`No event has the id ${eventId}, or the event is older than the retention.`);
        return finish(exit.nothingMatched);
      }
      if (json) output.printJson(timelineJson(timeline));
      else for (const line of timelineLines(timeline)) output.print(line);
      finish(exit.ok);
    });
}

function toUuids(text: string, before: string[] = []): string[] {
  return [...before, toUuid(text)];
}

function addClose(events: Command, context: CommandContext): void {
  events
    .command('close')
    .description('close the pairs of events: they need no person until something happens to them')
    .argument('<event...>', 'the ids of events', toUuids)
    .requiredOption('--why, --reason <text>', 'the reason, which is stored and logged', toReason)
    .option('--yes', 'go ahead without asking')
    .option('--json', 'print how many as JSON; with --yes')
    .action(async (ids: string[], options: CloseOptions) =>
      context.finish(await close(context, 'events close', { id: ids.join(',') }, options)),
    );
}

const HEAD = ['number', 'when', 'type', 'customer', 'version', 'source', 'outcome', 'event'];

function toRow(event: ListedEvent): string[] {
  const { id, createdAt, eventType, customer, version, source, eventId } = event;
  return [
    ...[String(id), shortTime(createdAt), eventType, String(customer ?? '–'), String(version ?? '–'), source],
    ...[outcomes(event), eventId],
  ];
}

function outcomes({ deliveries, published, routed }: ListedEvent): string {
  if (!published) return 'unpublished';
  if (deliveries.length === 0) return routed ? 'published' : '–';
  return deliveries
    .map(({ target, status, error }) => `${target}: ${status}${error === null ? '' : ` (${error})`}`)
    .join(', ');
}

/** A group is of a system alone: beside any other filter its count would say too much. */
function showsGroups({ needsAttention, type, customer, error, since, until, target }: EventQuery): boolean {
  const narrowed = [type, customer, error, since, until].some((each) => each !== undefined);
  return needsAttention === true && !narrowed && target !== 'internal';
}
