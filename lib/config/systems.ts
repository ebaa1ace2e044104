// The settings of every external system; each system has its own file. The names of a system's
// settings begin with the system's name in capitals. The guard of the tests
// (`ignoreConnectionSettings`) and the search for misspelt names recognise the settings by this
// prefix, and messages build the names with it.
import { stripeSettings } from './stripe.ts';

/**
 * By the name of the system, which lib/integrations/definitions.ts defines, in the order in which the
 * systems are shown. `make new-integration` adds a line.
 */
const settings = {
  stripe: stripeSettings,
} as const;

type Listed = typeof settings;

/** A system that this program knows. */
export type SystemName = keyof Listed;

export const systemNames = Object.keys(settings) as SystemName[];

type Both<Each> = (Each extends unknown ? (each: Each) => void : never) extends (all: infer All) => void
  ? All
  : never;
type Properties = Both<Listed[SystemName]['properties']>;
type Values = Both<Parameters<Listed[SystemName]['read']>[0]>;

/** The settings, by the name of the system. */
export const settingsOfSystems = Object.fromEntries(
  Object.entries(settings).map(([name, { properties }]) => [name, properties]),
) as { [Name in SystemName]: Listed[Name]['properties'] };

export const systemProperties = Object.assign({}, ...Object.values(settingsOfSystems)) as Properties;

/** The part of the config for each system, by its name. */
export function readSystems(values: Values) {
  const read = Object.entries(settings).map(([name, system]) => [name, system.read(values)]);
  return Object.fromEntries(read) as { readonly [Name in SystemName]: ReturnType<Listed[Name]['read']> };
}

/** Settings of systems that are valid each by itself and wrong in combination. */
export function findSystemConflicts(values: Values): string[] {
  return Object.values(settings).flatMap((system) => system.findConflicts(values));
}

/** `STRIPE_` for `stripe`. */
export function settingPrefix(system: string): string {
  return `${system.toUpperCase()}_`;
}

/** The full name of a system's setting: `STRIPE_WRITES` for `WRITES` of `stripe`. */
export function settingOf(system: string, name: string): string {
  return settingPrefix(system) + name;
}

export const systemPrefixes = systemNames.map(settingPrefix);
