// The credentials that a system mints or rotates: what is stored of them, and how the first one comes in.
// No secret is an argument, since other users of a machine see those, and none is printed.
import type { Command } from 'commander';
import { text } from 'node:stream/consumers';
import { readInstanceId } from '../../db/connections.ts';
import { listCredentials } from '../../db/credentials.ts';
import { systemClock } from '../../lib/clock.ts';
import { sayCredential, warnOfCredential } from '../../lib/credentials/standing.ts';
import { missingKey } from '../../lib/credentials/integrate.ts';
import type { SystemDefinition } from '../../lib/integrations/definition.ts';
import {
  finishCredential,
  storeGiven,
  type SetDeps,
  type SetResult,
} from '../../lib/operations/credentials.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { commandActor } from '../actor.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError, exit } from '../exit.ts';
import { findHost } from '../hosts.ts';
import { table, type Output } from '../output.ts';
import { withDatabase } from '../session.ts';
import { chosenSystem, chosenSystems, systemArgument } from '../systems.ts';

export function addCredentials(context: CommandContext): void {
  const credentials = context.program.command('credentials').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox credentials show`,
  );
  addShow(credentials, context);
  addSet(credentials, context);
}

function addShow(parent: Command, { output, finish, systems }: CommandContext): void {
  parent
    .command('show', { isDefault: true })
    .description(
      'show until when the stored credentials are good, and by when an account has to be connected again',
    )
    .addArgument(systemArgument(systems))
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
No secret is shown. A system with a static credential, from its settings, has nothing stored.

Examples:
  $ npx twinbox credentials show`,
    )
    .action(async (named: string | undefined, { json = false }: { json?: boolean }) => {
      await withDatabase(
        async ({ config, database: { db } }) => {
          const names = chosenSystems(systems, config, named).map(({ name }) => name);
          const rows = (await listCredentials(db)).filter(({ system }) => names.includes(system));
          const now = systemClock.now();
          if (json) return output.printJson({ credentials: rows.map((row) => toJson(row, now)) });
          if (rows.length === 0) output.say('No credential is stored.');
          for (const line of table(
            rows.map((row) => [row.system, row.account, keyOf(row), sayCredential(row, now)]),
          ))
            output.print(line);
          for (const row of rows) {
            const warning = warnOfCredential(row, now);
            if (warning !== null) output.say(warning);
          }
        },
        { mayCreate: false },
      );
      finish(exit.ok);
    });
}

type Row = Awaited<ReturnType<typeof listCredentials>>[number];

/** Its name, by which a person sees when an old key is used no more. */
const keyOf = ({ sealed }: Row): string => `key ${sealed?.split('.')[1] ?? '–'}`;

function toJson(row: Row, now: Date): object {
  return {
    ...{ system: row.system, account: row.account, key: row.sealed?.split('.')[1] ?? null },
    ...{ stored_at: row.storedAt, expires_at: row.expiresAt, reconnect_by: row.reconnectBy },
    ...{ refused_at: row.refusedAt, refused_why: row.refusedWhy, warning: warnOfCredential(row, now) },
  };
}

type Options = { again?: boolean; json?: boolean };

function addSet(parent: Command, { output, finish, systems }: CommandContext): void {
  parent
    .command('set')
    .description('store the first credential of a system, or one in place of a dead one, from standard input')
    .addArgument(systemArgument(systems))
    .option('--again', 'finish with the one that was given last, whose account could not be asked for')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
It is stored encrypted (TWINBOX_SECRET_KEY), renewed at once, and asked which account it is of. Running processes use it by
themselves. If the database belongs to another account, they go on with that one, and npx twinbox connect moves the database.
Exit status: 0; 1 if the system refuses it; 2 if the system does not answer (--again tries it again), or on a terminal.

Examples:
  $ npx twinbox credentials set < refresh-token.txt
  $ read -rs TOKEN; printf %s "$TOKEN" | npx twinbox credentials set`,
    )
    .action(async (named: string | undefined, options: Options) => {
      const config = loadConfigAndCatalogue();
      const system = chosenSystem(systems, config, named);
      const status = await withDatabase(
        async ({ database: { db }, log }) => {
          const access = await findHost(system, config, log);
          try {
            const keys = config.secretKeys;
            assertSettable(system, access, keys);
            const deps = {
              db,
              clock: systemClock,
              log,
              keys,
              access,
              actor: commandActor(),
              instanceId: await readInstanceId(db),
            };
            if (options.again !== true) await take(deps, system);
            return say(await finishCredential(deps), system, { output, json: options.json === true });
          } finally {
            await access.close();
          }
        },
        { mayCreate: false, config },
      );
      finish(status);
    });
}

function assertSettable(
  { label }: SystemDefinition,
  access: SetDeps['access'],
  keys: readonly string[],
): void {
  if (access.auth === undefined)
    throw new CliError(exit.usage, `The credential of ${label} is static: it stands in the settings.`);
  if (access.auth.first === undefined || access.auth.kind === 'minted')
    throw new CliError(
      exit.usage,
      `The credential of ${label} is minted from the settings: none has to be given.`,
    );
  const missing = missingKey(access, keys);
  if (missing !== null) throw new CliError(exit.settings, `No credential can be stored without ${missing}.`);
}

async function take(deps: SetDeps, { label }: SystemDefinition): Promise<void> {
  const what = deps.access.auth?.first?.what ?? 'a credential';
  if (process.stdin.isTTY)
    throw new CliError(
      exit.usage,
      `Give ${what} on standard input, where no terminal shows it: read -rs TOKEN; printf %s "$TOKEN" | npx twinbox credentials set ${deps.access.system.name}`,
    );
  if (!(await storeGiven(deps, await text(process.stdin))))
    throw new CliError(
      exit.usage,
      `What was given does not have the form of ${what}. Nothing was stored for ${label}.`,
    );
}

function say(
  result: SetResult,
  { name, label }: SystemDefinition,
  { output, json }: { output: Output; json: boolean },
): number {
  if (!result.ok) {
    const { code, message, kind } = result.failure;
    if (json) output.printJson({ stored: false, system: name, code });
    else
      output.say(
        kind === 'auth'
          ? `${label} refuses it: ${message}`
          : `${label} does not answer (${code}): ${message}. It is kept, and used for nothing yet: npx twinbox credentials set ${name} --again`,
      );
    return kind === 'auth' ? exit.failed : exit.undecided;
  }
  const { account, boundTo } = result;
  if (json) output.printJson({ stored: true, system: name, account, bound_to: boundTo });
  else if (boundTo === null) output.print(`Stored: ${label} account ${account}.`);
  else
    output.print(
      `Stored: ${label} account ${account}. The database belongs to account ${boundTo}, which goes on: npx twinbox connect ${name} --new-account moves it.`,
    );
  return exit.ok;
}
