// Which systems a command is about: the one that it names, else all that are kept in step.
import { Argument, Option } from 'commander';
import type { Config } from '../lib/config/config.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import { CliError, exit } from './exit.ts';
import type { Output } from './output.ts';

/** The argument: a wrong name is answered with the names that there are. */
export function systemArgument({ names }: Registry): Argument {
  return new Argument(
    '[system]',
    names.length === 1 ? 'which one' : 'which one; all if none is named',
  ).choices(names);
}

/** The same as an option. */
export function systemOption({ names }: Registry): Option {
  return new Option('--system <system>', 'only of this one; of all if none is named').choices(names);
}

/** What a command is about, and the settings that it has read. */
export type About = { system: SystemDefinition; config: Config };

/** As people call them, for the text of a help. */
export function labelsOf({ all }: Registry): string {
  return all.map(({ label }) => label).join(' and ');
}

/** Throws a usage error for one that the settings do not keep in step. */
export function chosenSystems(
  registry: Registry,
  config: Config,
  named: string | undefined,
): readonly SystemDefinition[] {
  const enabled = registry.enabled(config);
  if (named === undefined) return enabled;
  const system = registry.get(named);
  if (enabled.includes(system)) return [system];
  throw new CliError(exit.settings, `${system.label} is not kept in step: it needs ${system.missing}.`);
}

/** For what concerns one system: the one that is named, or the only one. */
export function chosenSystem(
  registry: Registry,
  config: Config,
  named: string | undefined,
): SystemDefinition {
  const found = chosenSystems(registry, config, named);
  const [only] = found;
  if (only && found.length === 1) return only;
  const names = found.map(({ name }) => name).join(', ');
  throw new CliError(exit.usage, `Say which system: ${names === '' ? 'none is kept in step' : names}.`);
}

/**
 * The same for each of several systems. Of one it is as if there were no others; of several each
 * has a heading, or its own part of the JSON.
 */
export async function ofEach(
  chosen: readonly SystemDefinition[],
  output: Output,
  work: (system: SystemDefinition, output: Output) => Promise<number>,
): Promise<number> {
  const [only] = chosen;
  if (only && chosen.length === 1) return work(only, output);
  const printed: Record<string, unknown> = {};
  const statuses: number[] = [];
  for (const system of chosen) {
    output.say(`${system.label}:`);
    statuses.push(
      await work(system, { ...output, printJson: (value) => void (printed[system.name] = value) }),
    );
  }
  if (Object.keys(printed).length > 0) output.printJson({ systems: printed });
  return worstOf(statuses);
}

/** What is certain goes before what could not be found out; nothing matched only where nothing did. */
function worstOf(statuses: readonly number[]): number {
  const order = [exit.failed, exit.undecided];
  const worst = order.find((status) => statuses.includes(status));
  if (worst !== undefined) return worst;
  const others = statuses.filter((status) => status !== exit.ok && status !== exit.nothingMatched);
  if (others[0] !== undefined) return others[0];
  return statuses.length > 0 && statuses.every((status) => status === exit.nothingMatched)
    ? exit.nothingMatched
    : exit.ok;
}
