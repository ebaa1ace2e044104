// The webhooks of the simulator: creates an endpoint at the simulator, and adds its secret to those
// of the settings.
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../lib/config/config.ts';
import {
  ensureWebhookEndpoint,
  isUnreached,
  type WebhookEndpoint,
} from '../lib/integrations/stripe/endpoint.ts';
import { CliError, exit } from './exit.ts';

/** The key and the addresses for calls to the simulator. */
type Simulator = { secretKey: string; apiBase: string | undefined; simulatorUrl: string };

/**
 * Makes the simulator send its events to `apiUrl`, the address of this process's API. Returns the
 * secrets with which webhooks are checked.
 */
export async function openWebhooks(config: Config, stripe: Simulator, apiUrl: string): Promise<string[]> {
  const file = join(config.dataDir, 'webhook-endpoint.json');
  const known = await readKnown(file);
  const endpoint = await ensureWebhookEndpoint(stripe, `${apiUrl}/api/v1/webhooks/stripe`, known).catch(
    (error: unknown) => {
      throw isUnreached(error) ? unreached(stripe.simulatorUrl, error) : error;
    },
  );
  await writeFile(file, JSON.stringify(endpoint), { mode: 0o600 });
  await chmod(file, 0o600);
  return [endpoint.secret, ...config.stripe.webhookSecrets];
}

function unreached(url: string, cause: unknown): CliError {
  return new CliError(
    exit.unavailable,
    `The Stripe simulator at ${url} does not answer. Start it (npm run simulator), fix SIMULATOR_URL, or remove that setting: ` +
      '`up` then starts a simulator of its own.',
    { cause },
  );
}

/**
 * The endpoint of an earlier start; null if the file is missing or cannot be read, and then a new
 * endpoint is created.
 */
async function readKnown(file: string): Promise<WebhookEndpoint | null> {
  try {
    const known = JSON.parse(await readFile(file, 'utf8')) as Partial<WebhookEndpoint>;
    const { id, url, secret } = known;
    return typeof id === 'string' && typeof url === 'string' && typeof secret === 'string'
      ? { id, url, secret }
      : null;
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    )
      return null;
    throw error;
  }
}
