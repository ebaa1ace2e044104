import { Argument, Option } from 'commander';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import type { Registry } from '../../lib/integrations/registry.ts';
import { explain, type Asked, type Explanation } from '../../lib/operations/explain.ts';
import { CliError, exit } from '../exit.ts';
import { explanationJson, explanationLines } from '../explain-report.ts';
import type { CommandContext } from '../command-context.ts';
import { withSync, withSyncOffline } from '../sync-session.ts';
import { chosenSystems } from '../systems.ts';

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
      const explained = await ask(systems, asked, options);
      if (explained === null) {
        if (options.json === true) output.printJson({ found: false });
        output.say(notFound(kind, id));
        return finish(exit.nothingMatched);
      }
      if (options.json === true) output.printJson(explanationJson(explained));
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

/**
 * What the engine would do with a pair depends on the settings of its system, so each system is
 * explained alone.
 */
async function ask(
  systems: Registry,
  asked: Asked,
  { read = false, system: named }: { read?: boolean; system?: string },
): Promise<Explanation | null> {
  const config = loadConfigAndCatalogue();
  const inSession = read ? withSync : withSyncOffline;
  const chosen = chosenSystems(systems, config, named);
  const found: Explanation[] = [];
  for (const system of chosen) {
    const only = chosen.length > 1 || named !== undefined ? system.name : null;
    const options = { mayCreate: false, config, system };
    const one = await inSession(({ sync }) => explain(sync, asked, { read, system: only }), options);
    if (one !== null) found.push(one);
  }
  const [first] = found;
  return first === undefined ? null : { ...first, pairs: found.flatMap(({ pairs }) => pairs) };
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
