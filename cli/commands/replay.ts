import { InvalidArgumentError, Option } from 'commander';
import { deliveryStatuses, type DeliveryStatus } from '../../db/deliveries.ts';
import { MOST_DELIVERIES } from '../../db/replays/selection.ts';
import type { SelectionWords } from '../../lib/operations/selection-words.ts';
import { rates } from '../../lib/operations/replay-rates.ts';
import { toFingerprint, toId, toRate, toReason, toShare, toTimeWord } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { RESULT_WAIT } from '../outcome.ts';
import { replay, type ReplayOptions } from '../replay.ts';
import { toSeconds } from '../seconds.ts';
import { labelsOf, systemOption } from '../systems.ts';

type Options = ReplayOptions & {
  status?: DeliveryStatus[];
  id?: string[];
  group?: string;
  customer?: number;
  error?: string;
  direction?: 'in' | 'out';
  since?: string;
  until?: string;
  closed?: boolean;
  limit: number;
  max?: number;
  system?: string;
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
    .option('--group <group>', 'only those of an error group: its fingerprint', toFingerprint)
    .option('--customer <id>', 'only those of this customer', toId)
    .option('--error <code>', 'only those that failed with this code, such as email_invalid')
    .addOption(
      new Option('--direction <direction>', 'only those to a system (out), or to our table (in)').choices([
        'out',
        'in',
      ]),
    )
    .option('--since <time>', 'only those since then: 30m, 2h, 7d, or a time with its zone', toTimeWord)
    .option('--until <time>', 'only those before then', toTimeWord)
    .option(
      '--closed',
      'only those of pairs that a person has closed, which are left out unless an event or a customer is named',
    )
    .option('--limit <number>', 'the largest number of deliveries', toId, 1_000)
    .option('--max <number>', `the same as --limit, up to ${MOST_DELIVERIES}`, toId)
    .addOption(systemOption(systems))
    .option('--rate <number>', `customers per second, ${rates.default} without it`, toRate)
    .option('--stop-share <share>', 'stop when more than this share fails: 0 to 1 (default: 0.5)', toShare)
    .option('--yes', 'go ahead without asking')
    .option(
      '--why, --reason <text>',
      'the reason, which is stored and logged; needed for more than one customer',
      toReason,
    )
    .option('--wait <seconds>', 'how long to wait for the results', toSeconds, RESULT_WAIT)
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
A replay is safe however old the delivery is: ${labelsOf(systems)} is read before anything is written, and the effect of an unanswered request
is looked for first. It goes on in the workers when this command has ended: \`replays\` shows, pauses and cancels it. Without a terminal
and without --yes the command only lists. Exit status: 0, 3 if nothing matched, or 69 if the plan has changed meanwhile.

Examples:
  $ npx twinbox replay
  $ npx twinbox replay --error email_invalid --since 2h
  $ npx twinbox replay --group 3f2a9c0d1b4e --rate 5 --yes --reason "the key was renewed"
  $ npx twinbox replay 0198c0de-0000-7000-8000-000000000001 --yes --reason "address fixed at the source"`,
    )
    .action(async (events: string[], options: Options) => {
      const words = toWords([...events, ...(options.id ?? [])], options);
      finish(await replay(systems, options.system, words, options, output));
    });
}

function toWords(ids: string[], options: Options): SelectionWords {
  const { status, group, customer, error, direction, since, until, closed, limit, max = limit } = options;
  return {
    max: Math.min(max, MOST_DELIVERIES),
    ...(ids.length > 0 && { id: ids.join(',') }),
    ...(status && { status: status.join(',') }),
    ...(group !== undefined && { group }),
    ...(customer !== undefined && { customer }),
    ...(error !== undefined && { error }),
    ...(direction && { direction }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(closed === true && { closed }),
  };
}

function toUuids(text: string, before: string[] = []): string[] {
  const ids = text.split(',').map((id) => id.trim());
  const invalid = ids.find((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id));
  if (invalid !== undefined)
    throw new InvalidArgumentError(`${JSON.stringify(invalid)} is not the id of an event (a UUID).`);
  return [...before, ...ids];
}
