// Which Stripe a process calls: the real one if there is a key, otherwise the simulator.
import { join } from 'node:path';
import type { Config } from '../lib/config/config.ts';
import { isAppError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { findStripeAccess, simulatorAccess } from '../lib/integrations/stripe/definition.ts';
import { waitUntil } from '../lib/loop.ts';
import { FolderInUseError } from '../simulator/store/lock.ts';
import { createSimulator } from '../simulator/simulator.ts';
import { prepareFolder } from './embedded/folder.ts';
import type { Host } from './host.ts';
import { findRunning } from './running.ts';
import { openWebhooks } from './webhooks.ts';

/**
 * How long a process waits while another one has the simulator's stored state open. A command is
 * done sooner.
 */
const PATIENCE_MS = 60_000;

type Waiting = { patienceMs?: number };

/** For the process that runs everything, with the simulator inside. */
export async function startStripe(
  config: Config,
  log: Logger,
  port: number,
  waiting: Waiting = {},
): Promise<Host> {
  return configured(config) ?? (await waitForFolder(() => openSimulator(config, log, port), log, waiting));
}

/**
 * For a command: the simulator of the running process; if no process runs, a simulator that opens
 * the same stored state while the command runs.
 */
export async function findStripe(config: Config, log: Logger, waiting: Waiting = {}): Promise<Host> {
  const known = configured(config);
  if (known) return known;
  return await waitForFolder(
    async () => {
      const running = await findRunning(config.dataDir);
      if (running?.simulatorUrl) return simulatorAt(config, running.simulatorUrl);
      // A process that is starting will soon announce the address of its simulator.
      return running && running.apiUrl === null ? undefined : await openSimulator(config, log, 0);
    },
    log,
    waiting,
  );
}

/** The access to a simulator in another process. */
export function simulatorAt(config: Config, url: string): Host {
  const access = simulatorAccess(url, config.catalogue);
  return {
    ...access,
    simulatorUrl: url,
    openWebhooks: (apiUrl) => openWebhooks(config, { ...access, simulatorUrl: url }, apiUrl),
    close: () => Promise.resolve(),
  };
}

/** The Stripe or simulator that the settings name; null if they name none. */
function configured(config: Config): Host | null {
  const access = findStripeAccess(config);
  if (access === null) return null;
  if (access.standIn !== null) return simulatorAt(config, access.standIn);
  return {
    ...access,
    simulatorUrl: null,
    openWebhooks: () => Promise.resolve([...config.stripe.webhookSecrets]),
    close: () => Promise.resolve(),
  };
}

async function openSimulator(config: Config, log: Logger, port: number): Promise<Host> {
  await prepareFolder(config.dataDir);
  const simulator = createSimulator({
    dataDir: join(config.dataDir, 'simulator'),
    onBug: (error) => log.error('simulator.bug', { error }),
  });
  try {
    const { url } = await simulator.listen(port);
    return { ...simulatorAt(config, url), close: () => simulator.close() };
  } catch (error) {
    await simulator.close();
    throw error;
  }
}

/** Only one process at a time has the stored state open; the others log that they wait. */
async function waitForFolder(
  open: () => Promise<Host | undefined>,
  log: Logger,
  { patienceMs = PATIENCE_MS }: Waiting,
): Promise<Host> {
  const refusals: FolderInUseError[] = [];
  try {
    return await waitUntil(
      async () => {
        try {
          return await open();
        } catch (error) {
          if (!(error instanceof FolderInUseError)) throw error;
          if (refusals.length === 0)
            log.warn('simulator.waiting', { why: 'another process uses its stored state' });
          refusals.push(error);
          return undefined;
        }
      },
      { timeoutMs: patienceMs, everyMs: 100, what: 'Twinbox on this folder has started' },
    );
  } catch (error) {
    throw isAppError(error, 'timeout') ? (refusals.at(-1) ?? error) : error;
  }
}
