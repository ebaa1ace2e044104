// A broker that answers tells its clients where to go on (advertised.listeners). Where that address cannot be reached from here,
// every further request fails with the error of that address, which says nothing of the reason. So the question is asked again by
// hand: who answers, where does it send clients, and which of those addresses takes no connection.
import { connect } from 'node:net';
import { createClient, type KafkaLog, type KafkaSettings } from './client.ts';
import { createInnerCluster } from './inner-cluster.ts';

/** Stands at the bottom of its chain, so that whoever describes a fault says this sentence. */
export class AdvertisedError extends Error {
  override readonly name = 'AdvertisedError';
}

const CONNECT_MS = 3_000;

/** Null where nobody answers, or where every address that clients are sent to takes connections. Never rejects. */
export async function findUnreachable(
  settings: KafkaSettings,
  log: KafkaLog,
): Promise<AdvertisedError | null> {
  const cluster = createInnerCluster(createClient(settings, log));
  try {
    await cluster.connect();
    const { seedBroker } = cluster.brokerPool;
    const { brokers } = await seedBroker.metadata([]);
    const tried = await Promise.all(
      brokers.map(async ({ host, port }) => ({ place: placeOf(host, port), code: await tryPlace(host, port) })),
    );
    const lost = tried.flatMap(({ place, code }) => (code === null ? [] : [{ place, code }]));
    if (lost.length === 0) return null;
    const { host, port } = seedBroker.connectionPool;
    return new AdvertisedError(sayUnreachable(placeOf(host, port), lost));
  } catch (error) {
    log.debug('kafka.advertised_unasked', { error: String(error) });
    return null;
  } finally {
    await cluster.disconnect().catch(() => undefined);
  }
}

type Lost = { place: string; code: string };

export function sayUnreachable(answered: string, lost: readonly Lost[]): string {
  const places = lost.map(({ place }) => place);
  const last = places.at(-1) ?? '';
  const all = places.length > 1 ? `${places.slice(0, -1).join(', ')} and ${last}` : last;
  const codes = [...new Set(lost.map(({ code }) => code))].join(', ');
  return (
    `${answered} answered and sends clients to ${all}, which cannot be reached from here: mend advertised.listeners ` +
    `of ${places.length > 1 ? 'these brokers' : 'that broker'} (${codes})`
  );
}

/** Why no connection to it could be opened; null if one could. */
function tryPlace(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (code: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), CONNECT_MS);
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function placeOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
