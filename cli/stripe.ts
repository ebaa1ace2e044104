// Which Stripe a process talks to: the real one, if there is a key, else our simulator.
import { join } from 'node:path';
import type { Config } from '../lib/config.ts';
import type { Logger } from '../lib/log.ts';
import { findStripeAccess, simulatorAccess } from '../lib/process/requirements.ts';
import { createSimulator } from '../simulator/simulator.ts';
import { findRunning } from './running.ts';

export type StripeAccess = {
  secretKey: string;
  apiBase: string | undefined;
  /** Null for the real Stripe, or another double that STRIPE_API_BASE names. */
  simulatorUrl: string | null;
  close(): Promise<void>;
};

/** For the process that runs everything: the simulator is a part of it. */
export async function startStripe(config: Config, log: Logger, port: number): Promise<StripeAccess> {
  const elsewhere = findStripeAccess(config);
  if (elsewhere?.apiBase !== undefined && elsewhere.simulated) return simulatorAt(elsewhere.apiBase);
  if (elsewhere) return { ...elsewhere, simulatorUrl: null, close: () => Promise.resolve() };
  const simulator = createSimulator({
    dataDir: join(config.dataDir, 'simulator'),
    onBug: (error) => log.error('simulator.bug', { error }),
  });
  try {
    const { url } = await simulator.listen(port);
    return { ...simulatorAt(url), close: () => simulator.close() };
  } catch (error) {
    await simulator.close();
    throw error;
  }
}

/** For a command beside it: the simulator of the running process, or, where none runs, the same state for a moment. */
export async function findStripe(config: Config, log: Logger): Promise<StripeAccess> {
  if (findStripeAccess(config)) return startStripe(config, log, 0);
  const running = await findRunning(config.dataDir);
  if (running?.simulatorUrl) return simulatorAt(running.simulatorUrl);
  return startStripe(config, log, 0);
}

/** A simulator that another process runs. */
export function simulatorAt(url: string): StripeAccess {
  return { ...simulatorAccess(url), simulatorUrl: url, close: () => Promise.resolve() };
}
