// The systems that can be kept in step. Each has a folder beside this file, a definition in it, and a
// line in definitions.ts.
import type { Config } from '../config/config.ts';
import { systemNames, type SystemName } from '../config/systems.ts';
import { AppError } from '../errors.ts';
import type { SystemDefinition } from './definition.ts';
import * as listed from './definitions.ts';

export interface Registry {
  /** In the order in which they are shown. */
  readonly all: readonly SystemDefinition[];
  readonly names: readonly string[];
  /** Throws `unknown_system` with the names that there are. */
  get(name: string): SystemDefinition;
  /** Those that the settings want to be kept in step. */
  enabled(config: Config): readonly SystemDefinition[];
}

export function createRegistry(all: readonly SystemDefinition[]): Registry {
  const names = all.map(({ name }) => name);
  return {
    all,
    names,
    get(name) {
      const found = all.find((one) => one.name === name);
      if (found) return found;
      throw new AppError('unknown_system', {
        detail: `there is no system ${JSON.stringify(name)}; there ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}`,
      });
    },
    enabled: (config) => all.filter((one) => one.isEnabled(config)),
  };
}

/** A system without settings, or settings without a system, does not compile. */
const definitions: { [Name in SystemName]: SystemDefinition & { name: Name } } = listed;

export const systems: Registry = createRegistry(systemNames.map((name) => definitions[name]));

/** What people call a system; of one that this program no longer knows, its name with a capital. */
export function labelOf(system: string): string {
  const known = systems.all.find(({ name }) => name === system);
  return known?.label ?? system.charAt(0).toUpperCase() + system.slice(1);
}
