// The settings of every external system; each system has its own file. The names of a system's
// settings begin with the system's name in capitals. The guard of the tests
// (`ignoreConnectionSettings`) and the search for misspelt names recognise the settings by this
// prefix, and messages build the names with it.
import { findStripeConflicts, readStripe, stripeProperties } from './stripe.ts';

/** The settings, by the name of the system, which lib/integrations/registry.ts defines. */
export const settingsOfSystems = { stripe: stripeProperties } as const;

/** A system that this program knows. */
export type SystemName = keyof typeof settingsOfSystems;

export const systemProperties = { ...stripeProperties } as const;

type Values = Parameters<typeof readStripe>[0];

/** The part of the config for each system, by its name. */
export function readSystems(values: Values) {
  return { stripe: readStripe(values) } as const;
}

/** Settings of systems that are valid each by itself and wrong in combination. */
export function findSystemConflicts(values: Values): string[] {
  return findStripeConflicts(values);
}

/** `STRIPE_` for `stripe`. */
export function settingPrefix(system: string): string {
  return `${system.toUpperCase()}_`;
}

/** The full name of a system's setting: `STRIPE_WRITES` for `WRITES` of `stripe`. */
export function settingOf(system: string, name: string): string {
  return settingPrefix(system) + name;
}

export const systemPrefixes = Object.keys(settingsOfSystems).map(settingPrefix);
