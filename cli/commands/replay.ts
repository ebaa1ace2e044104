import { InvalidArgumentError, Option } from 'commander';
import { deliveryStatuses, type DeliveryStatus } from '../../db/deliveries.ts';
import { shownReason } from '../../db/mappings/shown.ts';
import { planReplay, runReplay, type DeliveryChoice, type ReplayItem } from '../../lib/operations/replay.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { commandActor } from '../actor.ts';
import { describeEffect } from '../effect.ts';
import { exit } from '../exit.ts';
import { count, table, type Output } from '../output.ts';
import { toId, toTime } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { isAgreed, isInteractive } from '../question.ts';
import { printResults, RESULT_WAIT, resultJson, waitForResults } from '../outcome.ts';
import { toSeconds } from '../seconds.ts';
import { withSync } from '../sync-session.ts';
import { chosenSystems, labelsOf, ofEach, systemOption, type About } from '../systems.ts';

type Options = {
  status?: DeliveryStatus[];
  id?: string[];
  customer?: number;
  error?: string;
  since?: Date;
  limit: number;
  system?: string;
  yes?: boolean;
  reason: string;
  wait: number;
  json?: boolean;
};

export function addReplay({ program, output, finish, systems }: CommandContext): void {
  program
    .command('replay')
    .argument('[event...]', 'only these events, whatever their status', toUuids)
    .addOption(
      new Option('--status <status...>', 'only those with one of these states, in place of parked').choices(
        deliveryStatuses,
      ),
    )
    .option('--id <event...>', 'only these events; the same as the argument', toUuids)
    .option('--customer <id>', 'only those of this customer', toId)
    .option('--error <code>', 'only those that failed with this code, such as email_invalid')
    .option('--since <time>', 'only those since then: 30m, 2h, 7d, or a time with its zone', toTime)
    .option('--limit <number>', 'the largest number of deliveries', toId, 1_000)
    .addOption(systemOption(systems))
    .option('--yes', 'go ahead without asking')
    .option('--reason <text>', 'the reason, which is stored and logged', 'asked for on the command line')
    .option('--wait <seconds>', 'how long to wait for the results', toSeconds, RESULT_WAIT)
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
A replay is safe however old the delivery is: ${labelsOf(systems)} is read before anything is written, and the effect of an unanswered request
is looked for first. Without a terminal and without --yes the command only lists. Exit status: 0, or 3 if nothing matched.

Examples:
  $ npx twinbox replay
  $ npx twinbox replay --error email_invalid --since 2h
  $ npx twinbox replay 0198c0de-0000-7000-8000-000000000001 --yes --reason "address fixed at the source"`,
    )
    .action(async (events: string[], options: Options) => {
      const id = [...events, ...(options.id ?? [])];
      const asked = { ...options, ...(id.length > 0 ? { id } : {}) };
      const config = loadConfigAndCatalogue();
      const chosen = chosenSystems(systems, config, options.system);
      finish(await ofEach(chosen, output, (system, each) => replay({ system, config }, asked, each)));
    });
}

async function replay(about: About, options: Options, output: Output): Promise<number> {
  return withSync(
    async (session) => {
      const { sync } = session;
      const items = await planReplay(sync, toChoice(options, sync.integration.system));
      const run = async (): Promise<number> => runReplay(sync, items, options.reason, commandActor());
      if (options.json === true) {
        const raised = options.yes === true ? await run() : 0;
        const results = raised > 0 ? await waitForResults(session, idsOf(items), options.wait, output) : null;
        output.printJson({
          ...{ matched: items.length, replayed: raised, items: items.map(toJson) },
          ...(raised > 0 && { results: results?.map(resultJson) ?? [] }),
        });
        return items.length === 0 ? exit.nothingMatched : exit.ok;
      }
      if (items.length === 0) {
        output.say(isNarrowed(options) ? 'Nothing matched.' : 'Nothing is parked.');
        return exit.nothingMatched;
      }
      for (const line of table([HEAD, ...items.map(toRow)])) output.print(line);
      if (items.length === options.limit) output.say(`Only the first ${options.limit} are listed (--limit).`);
      if (
        options.yes === true ||
        (await isAgreed(`Try ${count(items.length, 'delivery', 'deliveries')} again?`, output))
      ) {
        output.say(`${count(await run(), 'customer')} will be tried again now.`);
        const results = await waitForResults(session, idsOf(items), options.wait, output);
        if (results !== null) printResults(results, output);
      } else if (!isInteractive())
        output.say('Nothing was changed. Add --yes to try again (make replay YES=1).');
      return exit.ok;
    },
    { mayCreate: false, ...about },
  );
}

function idsOf(items: ReplayItem[]): number[] {
  return [...new Set(items.map(({ mappingId }) => mappingId))];
}

function toChoice(options: Options, system: string): DeliveryChoice {
  const { id, status, customer, error, since, limit } = options;
  return {
    system,
    limit,
    ...(id ? { ids: id } : {}),
    ...(status ? { statuses: status } : {}),
    ...(customer === undefined ? {} : { customer }),
    ...(error === undefined ? {} : { error }),
    ...(since ? { since } : {}),
  };
}

function isNarrowed({ id, status, customer, error, since }: Options): boolean {
  return [id, status, customer, error, since].some((choice) => choice !== undefined);
}

const HEAD = ['customer', 'change', 'status', 'because', 'would now', 'event'];

function toRow({ row, eventType, status, error, mapping, effect, eventId }: ReplayItem): string[] {
  return [
    String(row?.id ?? mapping.internalId ?? '–'),
    eventType.replace('customer.', ''),
    status,
    codeOf(error) ?? shownReason(mapping) ?? '–',
    describeEffect(effect, mapping.system),
    eventId,
  ];
}

function codeOf(error: ReplayItem['error']): string | null {
  const { code, rule } = error ?? {};
  if (typeof code !== 'string') return null;
  // The rule of the table customers that refused the row.
  return typeof rule === 'string' ? `${code}: ${rule}` : code;
}

function toJson({
  eventId,
  eventType,
  version,
  status,
  attempts,
  error,
  createdAt,
  mapping,
  effect,
}: ReplayItem) {
  return {
    event_id: eventId,
    event_type: eventType,
    version,
    customer: mapping.internalId,
    external_id: mapping.externalId,
    status,
    attempts,
    error,
    created_at: createdAt,
    effect,
  };
}

function toUuids(text: string, before: string[] = []): string[] {
  const ids = text.split(',').map((id) => id.trim());
  const invalid = ids.find((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id));
  if (invalid !== undefined)
    throw new InvalidArgumentError(`${JSON.stringify(invalid)} is not the id of an event (a UUID).`);
  return [...before, ...ids];
}
