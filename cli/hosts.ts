// How a process on this machine reaches a system: by its settings; or, of a system that has a double
// of ours, by a double that it finds or starts.
import type { Config } from '../lib/config/config.ts';
import { AppError } from '../lib/errors.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import type { Logger } from '../lib/log.ts';
import type { Host } from './host.ts';
import { findStripe, startStripe } from './stripe.ts';

type Double = {
  /** For the process that runs everything: the double is a part of it. */
  start(config: Config, log: Logger, port: number): Promise<Host>;
  /** For a command beside it. */
  find(config: Config, log: Logger): Promise<Host>;
};

const doubles: ReadonlyMap<string, Double> = new Map([['stripe', { start: startStripe, find: findStripe }]]);

export async function startHost(
  system: SystemDefinition,
  { config, log, port }: { config: Config; log: Logger; port: number },
): Promise<Host> {
  return (await doubles.get(system.name)?.start(config, log, port)) ?? bySettings(system, config);
}

export async function findHost(system: SystemDefinition, config: Config, log: Logger): Promise<Host> {
  return (await doubles.get(system.name)?.find(config, log)) ?? bySettings(system, config);
}

/** Throws `config_invalid` where the settings do not say where the system is. */
function bySettings(system: SystemDefinition, config: Config): Host {
  const access = system.findAccess(config);
  if (access === null)
    throw new AppError('config_invalid', {
      detail: `${system.label} cannot be reached without ${system.missing}.`,
    });
  return {
    ...access,
    simulatorUrl: access.standIn,
    openWebhooks: () => Promise.resolve(system.webhookSecrets(config)),
    close: () => Promise.resolve(),
  };
}
