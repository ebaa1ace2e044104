// Toy with settings that a test gives, whatever the settings of the process say of it.
import type { Config } from '../../../../lib/config/config.ts';
import type { SystemDefinition } from '../../../../lib/integrations/definition.ts';
import { createRegistry, systems, type Registry } from '../../../../lib/integrations/registry.ts';
import type { ToySettings } from '../settings.ts';
import { toy } from '../system/definition.ts';
import { SECRET } from './sender.ts';
import { TOKEN } from './server.ts';

/** Toy at this address, by its double's credentials; without an address it is not kept in step. */
export function toyAt(url: string | null, changes: Partial<ToySettings> = {}): SystemDefinition {
  const credential = changes.clientSecret === undefined ? { token: TOKEN } : {};
  const where = url === null ? {} : { url, ...credential };
  const settings = { ...DEFAULTS, ...where, ...changes };
  const given = (config: Config): Config & { toy: ToySettings } => ({ ...config, toy: settings });
  const definition: SystemDefinition = {
    ...toy,
    isEnabled: (config) => toy.isEnabled(given(config)),
    settings: (config) => toy.settings(given(config)),
    findAccess(config) {
      const access = toy.findAccess(given(config));
      return access && { ...access, system: definition };
    },
    isLive: (config) => toy.isLive(given(config)),
    webhookSecrets: (config) => toy.webhookSecrets(given(config)),
  };
  return definition;
}

/** Every other system, and Toy as given. */
export function besideOthers(definition: SystemDefinition): Registry {
  return createRegistry([...systems.all.filter(({ name }) => name !== definition.name), definition]);
}

const DEFAULTS: ToySettings = {
  ...{ url: undefined, token: undefined, clientSecret: undefined },
  ...{ webhookSecrets: [SECRET], rateLimit: undefined },
  ...{ writes: true, pulls: true, imports: true, looksBeforeCreate: true },
  ...{ deletePolicy: 'delete', deletesIn: undefined, linkByEmail: 'ask' },
};
