// How a process on this machine reaches a system: by its settings; or, if the system has a
// simulator of ours, by a simulator that the process finds or starts.
import type { Config } from '../lib/config/config.ts';
import { AppError } from '../lib/errors.ts';
import type { SystemDefinition } from '../lib/integrations/definition.ts';
import type { Logger } from '../lib/log.ts';
import type { Host } from './host.ts';

type Double = {
  /** For the process that runs everything, with the simulator inside. */
  start(config: Config, log: Logger, port: number): Promise<Host>;
  /** For a command, which uses the simulator of the running process if there is one. */
  find(config: Config, log: Logger): Promise<Host>;
};

// Loaded when a system is called: a simulator brings an HTTP server of its own.
const doubles: ReadonlyMap<string, () => Promise<Double>> = new Map([
  [
    'stripe',
    async () => {
      const { startStripe, findStripe } = await import('./stripe.ts');
      return { start: startStripe, find: findStripe };
    },
  ],
]);

export async function startHost(
  system: SystemDefinition,
  { config, log, port }: { config: Config; log: Logger; port: number },
): Promise<Host> {
  const double = await doubles.get(system.name)?.();
  return double ? double.start(config, log, port) : bySettings(system, config);
}

export async function findHost(system: SystemDefinition, config: Config, log: Logger): Promise<Host> {
  const double = await doubles.get(system.name)?.();
  return double ? double.find(config, log) : bySettings(system, config);
}

/** Throws `config_invalid` if no setting names the system. */
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
