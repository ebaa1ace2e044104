// Where the console of this process is, and the links that open it once.
//
// A link is kept in memory alone: it ends with the process, after ten minutes, or when it is used.

import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Config } from '../lib/config/config.ts';
import { nearUrl } from '../lib/process/listening.ts';
import { listen, type ApiServer } from './server.ts';

export type ConsoleDoor = {
  /** For a browser. */
  url: string;
  /** The API, as this process reaches it. */
  origin: string;
  /** Its own port; null: it is on that of the API. */
  port: number | null;
  /** An address that opens the console once, with the first key of API_KEYS; null if there is none. */
  newLink(): string | null;
  takeLink(link: string): string | null;
  close(graceMs?: number): Promise<void>;
};

const LINK_MS = 600_000;

/** The port of the API, and that of the console if it has one. */
export async function listenWithConsole(config: Config, port: number, listener: RequestListener) {
  const server = await listen(listener, { ...config.api, port });
  try {
    return { server, door: await openConsole(config, server, listener) };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Null if the settings say that there is none. `listener`: what answers on the console's own port. */
async function openConsole(
  { api, console: settings }: Config,
  server: ApiServer,
  listener: RequestListener,
): Promise<ConsoleDoor | null> {
  if (!settings.pages) return null;
  const own =
    settings.port === null
      ? null
      : await listen(listener, {
          ...api,
          port: settings.port,
          names: { host: 'API_HOST', port: 'CONSOLE_PORT' },
        });
  const url = `${own?.url ?? server.url}/console`;
  const links = createLinks(api.keys[0] ?? null);
  return {
    url,
    origin: nearUrl(api.host, server.port),
    port: own?.port ?? null,
    newLink: () => links.make(`${url}/login`),
    takeLink: links.take,
    close: async (graceMs) => own?.close(graceMs),
  };
}

/** `elapsed`: milliseconds that only go on. */
export function createLinks(key: string | null, elapsed: () => number = () => performance.now()) {
  const made = new Map<string, number>();
  return {
    make(login: string): string | null {
      if (key === null) return null;
      const link = randomBytes(24).toString('base64url');
      made.set(link, elapsed() + LINK_MS);
      return `${login}?link=${link}`;
    },
    take(link: string): string | null {
      const until = made.get(link);
      made.delete(link);
      return until !== undefined && elapsed() < until ? key : null;
    },
  };
}
