// The keys of the API: made, listed, revoked and replaced. The text of a key is printed once, alone on
// standard output, so that a script can take it.
import { Option, type Command } from 'commander';
import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config/config.ts';
import type { Registry } from '../../lib/integrations/registry.ts';
import { keyScopes, type KeyScope } from '../../lib/keys/scopes.ts';
import {
  keyJson,
  createKeyOperations,
  keyNamePattern,
  type KeyOperations,
  type MadeKey,
  type ShownKey,
} from '../../lib/operations/keys.ts';
import { commandActor } from '../actor.ts';
import { shortTime, toMs, toReason, toTimeAhead } from '../choices.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError, exit } from '../exit.ts';
import { table, type Output } from '../output.ts';
import { withDatabase } from '../session.ts';
import { withSource } from '../with-source.ts';

export function addKeys(context: CommandContext): void {
  const keys = context.program.command('keys').addHelpText(
    'after',
    `
Examples:
  $ npx twinbox keys create shop --scope editor --expires 365d
  $ npx twinbox keys list`,
  );
  addCreate(keys, context);
  addList(keys, context);
  addRevoke(keys, context);
  addRotate(keys, context);
}

type Why = { why?: string; json?: boolean };

function addCreate(parent: Command, { output, finish, systems }: CommandContext): void {
  parent
    .command('create')
    .description('make a key, and show it once')
    .argument('<name>', 'who or what uses it, such as shop')
    .addOption(new Option('--scope <scope>', 'what it may do').choices([...keyScopes]).makeOptionMandatory())
    .option('--system <system>', 'of an ingest key: the system whose events it delivers')
    .option('--expires <when>', 'in 12h or 90d, or at a time; without it the key never expires', toTimeAhead)
    .option('--reason, --why <text>', 'the reason, which is stored', toReason)
    .option('--json', 'print the key and what is known of it as JSON')
    .addHelpText(
      'after',
      `
Scopes: viewer reads; editor also writes customers; operator reads, pauses, replays, closes and decides (links,
conflicts, stuck customers), and reads the audit; admin may do everything; ingest delivers events of one system whose webhooks are not signed.
The key is shown once, and only its hash is stored. With the first key in the database the API is closed: within 5 s every
request needs a key, also on this machine.

Examples:
  $ npx twinbox keys create shop --scope editor --expires 365d
  $ KEY=$(npx twinbox keys create "grafana" --scope viewer)`,
    )
    .action(async (name: string, given: Why & { scope: KeyScope; system?: string; expires?: Date }) => {
      const wanted = { name: checkedName(name), scope: given.scope, expiresAt: given.expires ?? null };
      const system = systemOf(systems, given);
      await withKeys(
        async (keys, config) => {
          const made = await keys.create({ ...wanted, system }, by(given));
          sayMade(output, made, given);
          if (made.first && config.api.keys.length === 0)
            output.say(
              'It is the first key of this database: within 5 s the API is closed, and every request needs a key, also on this machine.',
            );
          const foreign = (await keys.list()).filter(({ state }) => state === 'foreign');
          if (foreign.length > 0)
            output.say(
              `Attention: ${foreign.length} other keys were made with another API_KEY_SECRET than this command has. The API accepts this key only if it has the same API_KEY_SECRET as this command.`,
            );
        },
        { mayCreate: true },
      );
      finish(exit.ok);
    });
}

function addList(parent: Command, { output, finish, systems }: CommandContext): void {
  parent
    .command('list', { isDefault: true })
    .description('show the keys, oldest first; never their texts')
    .option('--all', 'also those that are revoked or have expired')
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
The last use is up to a minute late. \`foreign\`: the key was made with another API_KEY_SECRET, and is not accepted.

Examples:
  $ npx twinbox keys list
  $ npx twinbox keys list --all --json`,
    )
    .action(async ({ all = false, json = false }: { all?: boolean; json?: boolean }) => {
      await withSource(systems, async (source) => {
        const { keys: found, fixed } = await source.keys();
        const shown = found.filter(({ state }) => all || state === 'live' || state === 'foreign');
        if (json) return output.printJson({ keys: shown.map(keyJson), fixed });
        if (shown.length > 0) for (const line of table([HEAD, ...shown.map(row)])) output.print(line);
        else output.say(found.length === 0 ? 'There is no key in the database.' : 'No key is live.');
        const ended = found.length - shown.length;
        if (ended > 0) output.say(`${ended} more are revoked or have expired: --all shows them.`);
        if (fixed !== null && fixed > 0) output.say(`API_KEYS has ${fixed} more, each an admin.`);
      });
      finish(exit.ok);
    });
}

function addRevoke(parent: Command, { output, finish }: CommandContext): void {
  parent
    .command('revoke')
    .description('end a key; it stops within 5 s')
    .argument('<key>', 'its id, as `keys list` shows it', keyId)
    .option('--reason, --why <text>', 'the reason, which is stored', toReason)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The API stays closed after its last key was revoked: make a new one.

Examples:
  $ npx twinbox keys revoke 3f9c1a2b7d04 --why "the laptop was lost"`,
    )
    .action(async (id: string, given: Why) => {
      await withKeys(async (keys) => {
        const result = await keys.revoke(id, by(given));
        if (result.outcome === 'not_found') throw noSuchKey(id);
        const { outcome, key } = result;
        if (given.json === true) return output.printJson({ outcome, key: keyJson(key) });
        output.say(
          outcome === 'revoked'
            ? `The key ${key.name} (${id}) is revoked; it stops within 5 s.`
            : `The key ${key.name} (${id}) was revoked already, at ${key.revokedAt?.toISOString()}.`,
        );
      });
      finish(exit.ok);
    });
}

function addRotate(parent: Command, { output, finish }: CommandContext): void {
  parent
    .command('rotate')
    .description('make a key in the place of another one, with the same name and scope, and show it once')
    .argument('<key>', 'the id of the old one, as `keys list` shows it', keyId)
    .option('--grace <time>', 'how long the old one still works, such as 15m or 7d', toMs, 0)
    .option(
      '--expires <when>',
      'when the new one expires; without it, it lives as long as the old one was made to live',
      toTimeAhead,
    )
    .option('--reason, --why <text>', 'the reason, which is stored', toReason)
    .option('--json', 'print the key and what is known of it as JSON')
    .addHelpText(
      'after',
      `
Without --grace the old key stops within 5 s.

Examples:
  $ npx twinbox keys rotate 3f9c1a2b7d04 --grace 24h`,
    )
    .action(async (id: string, given: Why & { grace: number; expires?: Date }) => {
      await withKeys(async (keys) => {
        const result = await keys.rotate(id, { graceMs: given.grace, expiresAt: given.expires }, by(given));
        if (result.outcome === 'not_found') throw noSuchKey(id);
        if (result.outcome === 'cannot_rotate') throw new CliError(exit.failed, result.why);
        const { old } = result;
        sayMade(output, result, given, { old: keyJson(old) });
        output.say(
          old.revokedAt
            ? `The old key ${id} stops within 5 s.`
            : `The old key ${id} works until ${old.expiresAt?.toISOString()}.`,
        );
      });
      finish(exit.ok);
    });
}

/** Only the first key may come before the database is there. */
function withKeys<T>(
  work: (keys: KeyOperations, config: Config) => Promise<T>,
  { mayCreate = false } = {},
): Promise<T> {
  return withDatabase(
    ({ config, database: { db } }) =>
      work(createKeyOperations({ db, clock: systemClock, keySecrets: config.api.keySecrets }), config),
    { mayCreate },
  );
}

function by({ why }: Why) {
  return { actor: commandActor(), reason: why ?? null };
}

function sayMade(
  output: Output,
  { key, text }: MadeKey,
  { json = false }: Why,
  more: Record<string, unknown> = {},
): void {
  if (json) return output.printJson({ ...keyJson(key), key: text, ...more });
  const until = key.expiresAt ? `until ${key.expiresAt.toISOString()}` : 'and never expires';
  output.print(text);
  output.say(
    `This key of ${key.name} (${key.id}) has the scope ${key.scope}${key.system === null ? '' : ` of ${key.system}`}, ${until}. It is shown this once: only its hash is stored.`,
  );
}

const HEAD = ['id', 'name', 'scope', 'state', 'last used', 'expires'];

function row({ id, name, scope, system, state, lastUsedAt, expiresAt, replacedBy }: ShownKey): string[] {
  return [
    ...[id, name, system === null ? scope : `${scope} ${system}`],
    replacedBy === null ? state : `${state}, replaced by ${replacedBy}`,
    lastUsedAt ? shortTime(lastUsedAt) : 'never',
    expiresAt ? shortTime(expiresAt) : 'never',
  ];
}

function checkedName(name: string): string {
  if (new RegExp(keyNamePattern, 'u').test(name)) return name;
  throw new CliError(
    exit.usage,
    'The name of a key has 1 to 64 letters, digits, spaces and . _ - and begins with a letter or a digit.',
  );
}

function systemOf(
  registry: Registry,
  { scope, system }: { scope: KeyScope; system?: string },
): string | null {
  if (scope !== 'ingest') {
    if (system === undefined) return null;
    throw new CliError(exit.usage, 'Only an ingest key is of one system: leave --system out.');
  }
  const unsigned = registry.all.filter(({ signatureHeaders }) => signatureHeaders?.length === 0);
  const names = unsigned.map(({ name }) => name);
  if (system !== undefined && names.includes(system)) return system;
  throw new CliError(
    exit.usage,
    names.length === 0
      ? 'An ingest key is for a system whose webhooks are not signed, and there is none here: the webhooks of each system are proved by their signature.'
      : `An ingest key is for one system whose webhooks are not signed: --system ${names.join(' or ')}.`,
  );
}

function keyId(text: string): string {
  const id = /^(?:twinbox_)?([0-9a-f]{12})$/i.exec(text)?.[1];
  if (id !== undefined) return id.toLowerCase();
  // The text itself is a secret, and is not repeated.
  throw new CliError(
    exit.usage,
    'Name the key by its id of 12 digits, as `npx twinbox keys list` shows it, not by its text.',
  );
}

function noSuchKey(id: string): CliError {
  return new CliError(
    exit.nothingMatched,
    `No key has the id ${id}: npx twinbox keys list --all shows them.`,
  );
}
