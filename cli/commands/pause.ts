import { withTransaction, type Db } from '../../db/server/connection.ts';
import {
  ensureConnection,
  pauseConnection,
  lockConnection,
  releaseDeletes,
  resumeConnection,
} from '../../db/connections.ts';
import { forgetBudgets } from '../../db/limits/budgets.ts';
import { endRest } from '../../db/limits/rests.ts';
import { raiseHeldDeletes } from '../../db/mappings/writes/decisions.ts';
import { raiseWaiting } from '../../db/mappings/dirty.ts';
import { lockWaiting, recordAction } from '../../db/operator-actions.ts';
import { systemClock } from '../../lib/clock.ts';
import { settingOf } from '../../lib/config/systems.ts';
import { heldDeletes } from '../../lib/sync/fuse.ts';
import { commandActor } from '../actor.ts';
import { shortTime } from '../choices.ts';
import { exit } from '../exit.ts';
import { count, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../session.ts';
import { chosenSystems, ofEach, systemArgument } from '../systems.ts';

export function addPause({ program, output, finish, systems }: CommandContext): void {
  program
    .command('pause')
    .addArgument(systemArgument(systems))
    .option('--why <text>', 'the reason, which is stored')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
A pause holds for every process on this database and over restarts, until \`twinbox resume\`. Steps in progress are finished.

Examples:
  $ npx twinbox pause stripe --why "importing prices until five"`,
    )
    .action(async (named: string | undefined, { why, json = false }: { why?: string; json?: boolean }) => {
      const status = await withDatabase(
        ({ config, database: { db } }) =>
          ofEach(chosenSystems(systems, config, named), output, async ({ name: system }, each) => {
            const before = await pause(db, system, why ?? null);
            if (json)
              each.printJson({
                ...{ system, paused: true, why: before ? before.why : (why ?? null) },
                was_paused: before !== null,
              });
            else sayPaused(each, system, before);
            return exit.ok;
          }),
        { mayCreate: false },
      );
      finish(status);
    });
}

export function addResume({ program, output, finish, systems }: CommandContext): void {
  program
    .command('resume')
    .addArgument(systemArgument(systems))
    .option('--why <text>', 'the reason, which is stored')
    .option('--deletes', 'also release the deletes that the fuse holds; check first what was deleted')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
It also ends the rest of an account whose quota is used up, before the time that the system named.
The fuse holds deletes when more than 20 customers, or 5 % if that is more, are deleted within 10 minutes.

Examples:
  $ npx twinbox resume stripe
  $ npx twinbox resume stripe --deletes`,
    )
    .action(
      async (
        named: string | undefined,
        { why, deletes = false, json = false }: { why?: string; deletes?: boolean; json?: boolean },
      ) => {
        const status = await withDatabase(
          ({ config, database: { db } }) =>
            ofEach(chosenSystems(systems, config, named), output, async (definition, each) => {
              const system = definition.name;
              const { writes } = definition.settings(config);
              const result = await resume(db, system, { why: why ?? null, deletes, writes });
              if (json) each.printJson({ system, paused: false, ...result });
              else sayResumed(each, system, result);
              return exit.ok;
            }),
          { mayCreate: false },
        );
        finish(status);
      },
    );
}

type Paused = { since: Date; why: string | null };

/**
 * Returns an earlier pause that still holds, and keeps its reason; the new reason is recorded too.
 */
async function pause(db: Db, system: string, why: string | null): Promise<Paused | null> {
  const now = systemClock.now();
  return withTransaction(db, async (tx) => {
    await ensureConnection(tx, system);
    const before = await lockConnection(tx, system);
    await pauseConnection(tx, system, why, now);
    const held = before?.pausedAt ? { since: before.pausedAt, why: before.pausedWhy } : null;
    await recordAction(tx, {
      ...{ action: 'pause', system, actor: commandActor(), reason: why, at: now },
      detail: { was_paused: held !== null },
    });
    return held;
  });
}

function sayPaused(output: Output, system: string, before: Paused | null): void {
  if (before)
    output.say(
      `${system} is paused already, since ${shortTime(before.since)}${before.why === null ? '' : `: ${before.why}`}. Your reason was recorded.`,
    );
  else output.say(`${system} is paused. Changes are kept, and are sent after: npx twinbox resume ${system}`);
}

type Resumed = {
  was_paused: boolean;
  /** The account rested, since its quota was used up. */
  was_resting: boolean;
  released_deletes: number;
  released_writes: number;
  deletes_held: boolean;
};

async function resume(
  db: Db,
  system: string,
  { why, deletes, writes }: { why: string | null; deletes: boolean; writes: boolean },
): Promise<Resumed> {
  const now = systemClock.now();
  const by = { system, actor: commandActor(), reason: why, at: now };
  return withTransaction(db, async (tx) => {
    const before = await lockConnection(tx, system);
    await resumeConnection(tx, system, now);
    const account = before?.account ?? '';
    const rested = await endRest(tx, { system, account, now });
    await forgetBudgets(tx, { system, account });
    if (deletes) await releaseDeletes(tx, system, now);
    const held = deletes ? await lockWaiting(tx, system, 'fuse') : [];
    const kept = writes ? await lockWaiting(tx, system, 'writes_off') : [];
    const result = {
      was_paused: (before?.pausedAt ?? null) !== null,
      was_resting: rested !== null,
      released_deletes: deletes ? await raiseHeldDeletes(tx, system, now, { reasons: ['fuse'] }) : 0,
      // Changes that waited while writes were off are released, unless writes still are off.
      released_writes: writes ? await raiseWaiting(tx, system, 'writes_off', now) : 0,
      deletes_held: !deletes && before !== null && heldDeletes(before).length > 0,
    };
    if (result.was_paused || result.was_resting || kept.length > 0)
      await recordAction(tx, {
        ...{ ...by, action: 'resume', pairs: kept },
        detail: {
          was_paused: result.was_paused,
          paused_since: before?.pausedAt ?? null,
          ...(rested && { rested_until: rested }),
          released_writes: kept.length,
        },
      });
    if (deletes)
      await recordAction(tx, {
        ...{ ...by, action: 'release_deletes', pairs: held },
        detail: { released_deletes: held.length },
      });
    return result;
  });
}

function sayResumed(output: Output, system: string, result: Resumed): void {
  output.say(
    result.was_resting
      ? `${system} is resumed: its account rested because its quota was used up, and is called again now.`
      : result.was_paused
        ? `${system} is resumed.`
        : `${system} was not paused.`,
  );
  if (result.released_deletes > 0) output.say(`${count(result.released_deletes, 'held delete')} released.`);
  if (result.released_writes > 0) {
    output.say(
      `${count(result.released_writes, 'change')} that waited for ${settingOf(system, 'WRITES')} released.`,
    );
  }
  if (result.deletes_held) {
    output.say(
      `Deletes are still held by the fuse: npx twinbox deletes ${system} shows, releases or takes back these deletes.`,
    );
  }
}
