// The settings of every external system, each in a file of its own. The names of a system's settings
// begin with the system's name in capitals: by that the guard of the tests
// (`ignoreConnectionSettings`) and the search for misspelt names know them, and messages name them.
import { findStripeConflicts, readStripe, stripeProperties } from './stripe.ts';

/** By the system's name; lib/integrations/registry.ts has a definition for each. */
export const settingsOfSystems = { stripe: stripeProperties } as const;

/** A system that this program knows. */
export type SystemName = keyof typeof settingsOfSystems;

export const systemProperties = { ...stripeProperties } as const;

type Values = Parameters<typeof readStripe>[0];

/** The part of the config for each system, under its name. */
export function readSystems(values: Values) {
  return { stripe: readStripe(values) } as const;
}

/** Settings of systems that are right by themselves and wrong together. */
export function findSystemConflicts(values: Values): string[] {
  return findStripeConflicts(values);
}

/** `STRIPE_` of `stripe`. */
export function settingPrefix(system: string): string {
  return `${system.toUpperCase()}_`;
}

/** The setting of a system, as people write it: `STRIPE_WRITES` is `WRITES` of `stripe`. */
export function settingOf(system: string, name: string): string {
  return settingPrefix(system) + name;
}

export const systemPrefixes = Object.keys(settingsOfSystems).map(settingPrefix);
