/**
 * The settings of the simulator as a separate process. Only this file reads them; one error lists
 * every mistake at once.
 */
export type Settings = {
  host: string;
  port: number;
  dataDir: string | null;
  accountId: string | null;
  globalPerSecond: number | null;
  endpointPerSecond: number | null;
  /** An endpoint that exists from the start, so that its secret can be known beforehand. */
  webhook: { url: string; secret: string } | null;
};

type Env = Record<string, string | undefined>;

const NAMES = [
  'SIMULATOR_HOST',
  'SIMULATOR_PORT',
  'SIMULATOR_DATA_DIR',
  'SIMULATOR_ACCOUNT',
  'SIMULATOR_GLOBAL_PER_SECOND',
  'SIMULATOR_ENDPOINT_PER_SECOND',
  'SIMULATOR_WEBHOOK_URL',
  'SIMULATOR_WEBHOOK_SECRET',
];

/**
 * Settings with which the other processes find the simulator; the simulator does not use them, but
 * they are in the same file of settings.
 */
const OF_OTHERS = ['SIMULATOR_URL'];

export function readSettings(env: Env = process.env): Settings {
  const problems: string[] = [];
  for (const name of Object.keys(env)) {
    if (name.startsWith('SIMULATOR_') && ![...NAMES, ...OF_OTHERS].includes(name)) {
      problems.push(`${name} is not a setting; the settings are ${NAMES.join(', ')}.`);
    }
  }
  const settings: Settings = {
    host: readHost(env['SIMULATOR_HOST'], problems),
    port: readPort(env['SIMULATOR_PORT'], problems),
    dataDir: readDataDir(env['SIMULATOR_DATA_DIR']),
    accountId: readAccount(env['SIMULATOR_ACCOUNT'], problems),
    globalPerSecond: readRate('SIMULATOR_GLOBAL_PER_SECOND', env, 100, problems),
    endpointPerSecond: readRate('SIMULATOR_ENDPOINT_PER_SECOND', env, 25, problems),
    webhook: readWebhook(env['SIMULATOR_WEBHOOK_URL'], env['SIMULATOR_WEBHOOK_SECRET'], problems),
  };
  if (problems.length > 0)
    throw new Error(
      `The simulator's settings are wrong:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
  return Object.freeze(settings);
}

function readPort(text: string | undefined, problems: string[]): number {
  if (text === undefined || text === '') return 12111;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    problems.push(`SIMULATOR_PORT must be a port, 0 to 65535 (0 takes a free one), not '${text}'.`);
  return port;
}

function readHost(text: string | undefined, problems: string[]): string {
  if (!text) return '127.0.0.1';
  if (!/^[A-Za-z0-9.:_-]+$/.test(text))
    problems.push(`SIMULATOR_HOST must be a host name or an IP address, such as 127.0.0.1, not '${text}'.`);
  return text;
}

function readWebhook(
  url: string | undefined,
  secret: string | undefined,
  problems: string[],
): Settings['webhook'] {
  if (!url) return null;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    problems.push(`SIMULATOR_WEBHOOK_URL must be an http or https URL, not '${url}'.`);
  // The value is not repeated, since it is a secret, even if a made-up one.
  if (!secret || !/^whsec_[A-Za-z0-9+/=_-]+$/.test(secret))
    problems.push(
      'SIMULATOR_WEBHOOK_URL needs a SIMULATOR_WEBHOOK_SECRET that begins with whsec_ and goes on with letters and digits.',
    );
  return { url, secret: secret ?? '' };
}

/** `memory` keeps no data. */
function readDataDir(text: string | undefined): string | null {
  if (text === 'memory') return null;
  return text || '.twinbox/simulator';
}

function readAccount(text: string | undefined, problems: string[]): string | null {
  if (!text) return null;
  if (!/^acct_[A-Za-z0-9]+$/.test(text))
    problems.push(`SIMULATOR_ACCOUNT must be 'acct_' and letters or digits, not '${text}'.`);
  return text;
}

function readRate(name: string, env: Env, otherwise: number, problems: string[]): number | null {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  if (text === 'off') return null;
  const rate = Number(text);
  if (!(rate >= 1 && rate <= 1_000_000))
    problems.push(`${name} must be a number of requests a second from 1, or 'off', not '${text}'.`);
  return rate;
}
