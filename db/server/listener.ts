// A session that receives the notices of a channel (LISTEN). It is a connection of its own: a session of a pool is
// closed when it is not used, and what it receives would be lost.
import { asConnectingError } from './connecting.ts';
import { connectionSettings } from './connection.ts';
import { loadPg } from './drivers.ts';
import { isLent, stateSession } from './session.ts';

export type Listener = {
  /** Resolves when the connection is lost or closed. */
  ended: Promise<void>;
  close(): Promise<void>;
};

export type ListenOptions = {
  url: string;
  /** A plain name: it becomes part of the statement. */
  channel: string;
  applicationName: string;
  /** Called for each notice. */
  onNotice: () => void;
};

/** A connection that a router between has forgotten must not look as if nothing happened: it is probed. */
const PROBE_AFTER_MS = 10_000;

/**
 * Null behind a pooler: the session that listens would be lent to others, and its notices would be lost.
 * Throws as every connection does that cannot be made.
 */
export async function openListener({
  url,
  channel,
  applicationName,
  onNotice,
}: ListenOptions): Promise<Listener | null> {
  const client = new (loadPg().Client)({
    ...connectionSettings(url),
    application_name: applicationName,
    keepAliveInitialDelayMillis: PROBE_AFTER_MS,
  });
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve);
    // A connection may report more than one error, and an error event without a listener would end the process.
    client.on('error', () => resolve());
  });
  const close = () => client.end();
  try {
    await client.connect();
    await stateSession(client, { statementTimeoutMs: 30_000 });
    if (!isLent(client)) {
      client.on('notification', onNotice);
      await client.query(`listen ${channel}`);
      return { ended, close };
    }
  } catch (error) {
    await close();
    throw asConnectingError(error, url);
  }
  await close();
  return null;
}
