import { Argument, Option } from 'commander';
import type { Registry } from '../../lib/integrations/registry.ts';
import type { Config } from '../../lib/config/config.ts';
import { explain, type Asked, type Explanation } from '../../lib/operations/explain.ts';
import { explanationJson } from '../../lib/operations/explain-json.ts';
import { inOne } from '../../lib/operations/explain-systems.ts';
import { CliError, exit } from '../exit.ts';
import { explanationLines } from '../explain-report.ts';
import type { CommandContext } from '../command-context.ts';
import { withSync, withSyncOffline } from '../sync-session.ts';
import { chosenSystems } from '../systems.ts';
import { localOrRemote } from '../with-source.ts';

const KINDS = ['customer', 'record', 'mapping'] as const;

type Kind = (typeof KINDS)[number];
type Options = { read?: boolean; system?: string; json?: boolean };

export function addExplain({ program, output, finish, systems }: CommandContext): void {
  program
    .command('explain')
    .addArgument(new Argument('<kind>', 'what the id is of').choices(KINDS))
    .argument('<id>', 'the number of the customer or of the mapping, or the id of the record')
    .option('--read', 'read the record now, by one request to the system')
    .addOption(new Option('--system <system>', 'only the pairs with this system').choices(systems.names))
    .option('--json', 'print the result as one JSON object')
    .addHelpText(
      'after',
      `
Nothing is changed. Without --read no system is called, and the values of the record are those that were last known.
Exit status: 0 explained, 2 wrong arguments, or no answer to --read, 3 no such customer, record or mapping.

Examples:
  $ npx twinbox explain customer 42
  $ npx twinbox explain customer 42 --read
  $ npx twinbox explain record cus_NffrFeUfNV2Hib
  $ npx twinbox explain mapping 7 --json | jq '.pairs[0].rung'`,
    )
    .action(async (kind: Kind, id: string, options: Options) => {
      const asked = toAsked(kind, id);
      const found = await ask(systems, asked, options);
      if (found === null) {
        if (options.json === true) output.printJson({ found: false });
        output.say(notFound(kind, id));
        return finish(exit.nothingMatched);
      }
      const { explained, json } = found;
      if (options.json === true) output.printJson(json);
      else
        for (const { text, isTitle } of explanationLines(explained))
          if (isTitle) output.printTitle(text);
          else output.print(text);
      for (const { mapping, read } of explained.pairs) {
        if (read?.state !== 'unreadable') continue;
        output.say(`${mapping.externalId ?? 'The record'} could not be read: ${read.code}, ${read.message}`);
      }
      finish(statusOf(explained));
    });
}

function toAsked(kind: Kind, id: string): Asked {
  if (kind === 'record') {
    if (!/^\S{1,255}$/.test(id))
      throw new CliError(exit.usage, 'Name the record by its id, such as cus_NffrFeUfNV2Hib.');
    return { record: id };
  }
  const number = Number(id);
  if (!/^\d+$/.test(id) || !Number.isSafeInteger(number) || number < 1)
    throw new CliError(exit.usage, `Name the ${kind} by its number, a whole number from 1.`);
  return kind === 'customer' ? { customer: number } : { mapping: number };
}

const ONLY_HERE =
  'twinbox explain record, and explain with --read or --system, work on the database itself, and TWINBOX_API_URL names an API.';

/** The explanation, and the same as JSON: the API gives it in this form. */
type Found = { explained: Explanation; json: object };

async function ask(systems: Registry, asked: Asked, options: Options): Promise<Found | null> {
  return await localOrRemote<Found | null>({
    async local(config) {
      const explained = await askHere(systems, config, asked, options);
      return explained && { explained, json: explanationJson(explained) };
    },
    async remote(_config, place) {
      const { read = false, system } = options;
      const [kind, id] = Object.entries(asked)[0] ?? [];
      if (read || system !== undefined || kind === 'record' || kind === undefined)
        throw new CliError(exit.usage, ONLY_HERE);
      const [{ createApiClient }, { toExplanation }] = await Promise.all([
        import('../remote/client.ts'),
        import('../remote/wire.ts'),
      ]);
      const found = await createApiClient(place).get<Record<string, unknown>>(`/${kind}s/${id}/explain`);
      return found && { explained: toExplanation(found.body), json: found.body };
    },
  });
}

/**
 * What the engine would do with a pair depends on the settings of its system, so each system is
 * explained alone.
 */
async function askHere(
  systems: Registry,
  config: Config,
  asked: Asked,
  { read = false, system: named }: Options,
): Promise<Explanation | null> {
  const inSession = read ? withSync : withSyncOffline;
  const chosen = chosenSystems(systems, config, named);
  const found: (Explanation | null)[] = [];
  for (const system of chosen) {
    const only = chosen.length > 1 || named !== undefined ? system.name : null;
    const options = { mayCreate: false, config, system };
    found.push(await inSession(({ sync }) => explain(sync, asked, { read, system: only }), options));
  }
  return inOne(found);
}

function notFound(kind: Kind, id: string): string {
  switch (kind) {
    case 'customer':
      return `No customer has the id ${id}.`;
    case 'record':
      return `No pair has the record ${id}. If the record is new, its webhook may not have arrived yet: npx twinbox status`;
    case 'mapping':
      return `No mapping has the number ${id}.`;
  }
}

function statusOf({ pairs }: Explanation): number {
  return pairs.some(({ read }) => read?.state === 'unreadable') ? exit.undecided : exit.ok;
}
