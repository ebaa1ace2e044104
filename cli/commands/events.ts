import { Option, type Command } from 'commander';
import { listEvents, type EventStatus, type ListedEvent } from '../../db/events/list.ts';
import { readTimeline } from '../../lib/operations/timeline.ts';
import { LIMIT_MAX, shortTime, toId, toLimit, toTime, toUuid } from '../choices.ts';
import { exit } from '../exit.ts';
import { table } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../session.ts';
import { timelineJson, timelineLines } from '../timeline.ts';

const STATUSES: EventStatus[] = [
  ...(['unpublished', 'published', 'queued', 'waiting', 'parked', 'applied', 'superseded', 'noop'] as const),
  ...(['echo', 'origin', 'conflict', 'stale', 'closed'] as const),
];

type ListOptions = {
  status?: EventStatus[];
  type?: string;
  customer?: number;
  target?: string;
  since?: Date;
  until?: Date;
  after?: number;
  limit: number;
  json?: boolean;
};

export function addEvents(context: CommandContext): void {
  const events = context.program
    .command('events')
    .description('list events, or follow one event from its request to its echo')
    .addHelpText(
      'after',
      `
Examples:
  $ npx twinbox events list --customer 42
  $ npx twinbox events list --status parked waiting --since 2h
  $ npx twinbox events show 0198c0de-0000-7000-8000-000000000001`,
    );
  addList(events, context);
  addShow(events, context);
}

function addList(events: Command, { output, finish, systems }: CommandContext): void {
  events
    .command('list', { isDefault: true })
    .description('list events, newest first')
    .addOption(
      new Option('--status <status...>', 'only those with a delivery in one of these states').choices(
        STATUSES,
      ),
    )
    .option('--type <type>', 'only those of this type, such as customer.updated or stripe.*')
    .option('--customer <id>', 'only those of this customer', toId)
    .option('--target <target>', 'only those for this target: a system, or internal')
    .option('--since <time>', 'only those since then: 30m, 2h, 7d, or a time with its zone', toTime)
    .option('--until <time>', 'only those before then', toTime)
    .option('--after <number>', 'only those after this number in the list', toId)
    .option('--limit <number>', `the largest number of lines, up to ${LIMIT_MAX}`, toLimit, 50)
    .option('--json', 'print the list as JSON')
    .action(async ({ json = false, status, ...filter }: ListOptions) => {
      const found = await withDatabase(
        ({ database: { db } }) =>
          listEvents(db, {
            ...filter,
            systems: systems.names,
            ...(status ? { statuses: status } : {}),
            limit: filter.limit + 1,
          }),
        { mayCreate: false },
      );
      const page = found.slice(0, filter.limit);
      const more = found.length > page.length ? (page.at(-1)?.id ?? null) : null;
      if (json) output.printJson({ events: page.map(toJson), after: more });
      else if (page.length === 0) output.say('There are no such events.');
      else {
        for (const line of table([HEAD, ...page.map(toRow)])) output.print(line);
        if (more !== null) output.say(`There are more: --after ${more}`);
      }
      finish(exit.ok);
    });
}

function addShow(events: Command, { output, finish }: CommandContext): void {
  events
    .command('show')
    .description('show the whole path of one event: request, row, bus, deliveries, calls, echo')
    .argument('<event>', 'the id of the event', toUuid)
    .option('--json', 'print the path as JSON, with the payload of the event')
    .action(async (eventId: string, { json = false }: { json?: boolean }) => {
      const timeline = await withDatabase(({ database: { db } }) => readTimeline(db, eventId), {
        mayCreate: false,
      });
      if (!timeline) {
        output.say(`No event has the id ${eventId}, or the event is older than the retention.`);
        return finish(exit.nothingMatched);
      }
      if (json) output.printJson(timelineJson(timeline));
      else for (const line of timelineLines(timeline)) output.print(line);
      finish(exit.ok);
    });
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

function toJson(event: ListedEvent) {
  return {
    id: event.id,
    event_id: event.eventId,
    event_type: event.eventType,
    entity_key: event.entityKey,
    customer: event.customer,
    version: event.version,
    source: event.source,
    created_at: event.createdAt,
    published: event.published,
    deliveries: event.deliveries,
  };
}
