// The systems that can be kept in step. Each has a folder beside this file, a definition in it, and a
// line in definitions.ts.
import type { Config } from '../config/config.ts';
import { systemNames, type SystemName } from '../config/systems.ts';
import { AppError } from '../errors.ts';
import type { InboundDeletes, SystemDefinition } from './definition.ts';
import * as listed from './definitions.ts';

export interface Registry {
  /** In the order in which they are shown. */
  readonly all: readonly SystemDefinition[];
  readonly names: readonly string[];
  /** Throws `unknown_system` with the names that there are. */
  get(name: string): SystemDefinition;
  /** Those that the settings want to be kept in step. */
  enabled(config: Config): readonly SystemDefinition[];
  /** What a deletion at a system does to our row. Throws `config_invalid` for an owner that is none. */
  inboundDeletes(config: Config, system: SystemDefinition): InboundDeletes;
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
    inboundDeletes: (config, system) => inboundDeletes(config, system, all),
  };
}

/**
 * The only place with this rule: the setting of the system if there is one. Otherwise a deletion at the
 * owner of the customers (TWINBOX_OWNER) counts for our table, and one at any other system is asked
 * about. A system that is the only one is the owner.
 */
function inboundDeletes(
  config: Config,
  system: SystemDefinition,
  all: readonly SystemDefinition[],
): InboundDeletes {
  const names = all.filter((one) => one.isEnabled(config)).map(({ name }) => name);
  const { owner = names.length === 1 ? names[0] : undefined } = config;
  if (owner !== undefined && !names.includes(owner))
    throw new AppError('config_invalid', {
      detail: `TWINBOX_OWNER is ${owner}, and no system of this name is kept in step; there ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}`,
    });
  return system.settings(config).deletesIn ?? (system.name === owner ? 'delete' : 'ask');
}

/** A system without settings, or settings without a system, does not compile. */
const definitions: { [Name in SystemName]: SystemDefinition & { name: Name } } = listed;

export const systems: Registry = createRegistry(systemNames.map((name) => definitions[name]));

/** What people call a system; of one that this program no longer knows, its name with a capital. */
export function labelOf(system: string): string {
  const known = systems.all.find(({ name }) => name === system);
  return known?.label ?? system.charAt(0).toUpperCase() + system.slice(1);
}
