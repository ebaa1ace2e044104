// The systems that a command works on: the one that it names, otherwise all that are kept in step.
import { Argument, Option } from 'commander';
import type { Config } from '../lib/config/config.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import type { Registry } from '../lib/integrations/registry.ts';
import { CliError, exit } from './exit.ts';
import type { Output } from './output.ts';

/** The argument: after a wrong name the command prints the possible names. */
export function systemArgument({ names }: Registry): Argument {
  return new Argument(
    '[system]',
    names.length === 1 ? 'the external system' : 'the external system; all if none is named',
  ).choices(names);
}

/** The same as an option. */
export function systemOption({ names }: Registry, without = 'all if none is named'): Option {
  return new Option('--system <system>', `only this external system; ${without}`).choices(names);
}

/** The system that a command works on, and the settings that it has read. */
export type About = { system: SystemDefinition; config: Config };

/** The names of the systems for people, as part of a help text. */
export function labelsOf({ all }: Registry): string {
  return all.map(({ label }) => label).join(' and ');
}

/** Throws a `CliError` if the named system is not kept in step. */
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

/** For a command that works on one system: the one that is named, or the only one. */
export function chosenSystem(
  registry: Registry,
  config: Config,
  named: string | undefined,
): SystemDefinition {
  const found = chosenSystems(registry, config, named);
  const [only] = found;
  if (only && found.length === 1) return only;
  const names = found.map(({ name }) => name).join(', ');
  throw new CliError(
    exit.usage,
    names === '' ? 'No system is kept in step.' : `Say which system: ${names} (--help shows where).`,
  );
}

/**
 * Runs `work` for each of the chosen systems. If there are several, each has a heading, or its own
 * part of the JSON; a single one has neither.
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

/**
 * A certain failure comes before a question that could not be answered. The status "nothing
 * matched" is returned only if nothing matched in any system.
 */
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
