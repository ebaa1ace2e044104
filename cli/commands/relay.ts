// What only a person can decide about the relay's cursor: whether a restored database is a move or
// a copy, whether another bus is to be used, and into how many shards the relay is divided.
import { InvalidArgumentError, Option } from 'commander';
import { adoptBus } from '../../db/relay/identity.ts';
import { copyDatabase, moveDatabase } from '../../db/relay/restore.ts';
import { changeShards, MOST_SHARDS, readShards } from '../../db/relay/shards.ts';
import { assertOwnTopics } from '../../lib/bus/own-topics.ts';
import { topics } from '../../lib/events/routing.ts';
import { commandActor } from '../actor.ts';
import { exit } from '../exit.ts';
import { count } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../session.ts';

type Options = { afterRestore?: 'move' | 'copy'; adoptBus?: boolean; shards?: number; json?: boolean };

export function addRelay({ program, output, finish }: CommandContext): void {
  program
    .command('relay')
    .addOption(
      new Option(
        '--after-restore <what>',
        'move: the original no longer runs; copy: the original is still in use',
      ).choices(['move', 'copy']),
    )
    .option('--adopt-bus', 'publish to the bus of the present settings from now on')
    .option('--shards <number>', 'divide the relay into so many shards, from 1 to 16', readShardsOption)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Stop every process on the database first; for --shards alone they go on. After a move, events that were not published are published; new event ids, versions and
customer ids begin above all that may have been used before; every record at Stripe is read again, and every pair is compared
once. A copy gets an instance id of its own, and all its pairs are detached, so that it never writes to the original's customers.

Examples:
  $ npx twinbox relay --after-restore move
  $ npx twinbox relay --adopt-bus
  $ npx twinbox relay --shards 4`,
    )
    .action(async ({ afterRestore, adoptBus: adopt = false, shards, json = false }: Options) => {
      if (shards !== undefined) {
        if (afterRestore !== undefined || adopt) {
          output.say('Give --shards alone: a restored database or another bus comes first.');
          finish(exit.usage);
          return;
        }
        finish(await divide(shards, { json, output }));
        return;
      }
      if (afterRestore === undefined && !adopt) {
        output.say(
          'Give one of --after-restore move, --after-restore copy, --adopt-bus and --shards (see --help).',
        );
        finish(exit.usage);
        return;
      }
      const result = await withDatabase(
        async ({ config, log, database: { db, address } }) => {
          const restored =
            afterRestore === 'move'
              ? await moveDatabase(db, address, commandActor())
              : afterRestore === 'copy'
                ? await copyDatabase(db, address, commandActor())
                : null;
          if (!adopt) return { restored, bus: null };
          const { kafka } = config;
          const { openBus } = await import('../../lib/bus/open-bus.ts');
          const { bus, newest } = await openBus(
            // No topic is created here: the start of a process creates missing topics.
            { kafka: { ...kafka, topics: { ...kafka.topics, create: false } } },
            { log, topics: [], patienceMs: 10_000 },
          );
          try {
            const identity = await bus.identity();
            await assertOwnTopics({
              db,
              bus,
              newest: newest && (() => newest(Object.values(topics))),
              shared: kafka.shareTopics,
              log,
            });
            await adoptBus(db, identity, commandActor());
            return { restored, bus: identity };
          } finally {
            await bus.close();
          }
        },
        // With --after-restore a moved or copied database has to be opened; --adopt-bus alone
        // requires the database that was used before.
        { mayCreate: false, mayBeOther: afterRestore !== undefined },
      );
      if (json) output.printJson({ after_restore: afterRestore ?? null, ...result });
      else {
        if (result.restored)
          output.say(
            `This database is a ${afterRestore} now: ${result.restored.mappings} pairs ${afterRestore === 'move' ? 'will be compared' : 'were detached'}.`,
          );
        if (result.bus !== null) output.say(`Events are published to ${result.bus} from now on.`);
      }
      finish(exit.ok);
    });
}

async function divide(
  shards: number,
  { json, output }: { json: boolean } & Pick<CommandContext, 'output'>,
): Promise<number> {
  return await withDatabase(
    async ({ database: { db } }) => {
      const changed = await changeShards(db, { shards, actor: commandActor() });
      const before = changed?.before ?? (await readShards(db));
      if (json) output.printJson({ shards: before === 0 ? null : shards, before });
      else output.say(sayDivided(before, shards));
      return before === 0 ? exit.failed : exit.ok;
    },
    { mayCreate: false },
  );
}

function sayDivided(before: number, shards: number): string {
  if (before === 0) return 'No relay has run on this database yet. RELAY_SHARDS says how it begins.';
  if (before === shards) return `The relay has ${count(shards, 'shard')} already.`;
  return `The relay has ${count(shards, 'shard')} now, and had ${before}. Relays that run go on with them within 10 s.`;
}

function readShardsOption(text: string): number {
  const shards = Number(text);
  if (!Number.isInteger(shards) || shards < 1 || shards > MOST_SHARDS)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_SHARDS}.`);
  return shards;
}
