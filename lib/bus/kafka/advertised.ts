// A broker's answer names the addresses that its clients use next (advertised.listeners). If this
// process cannot reach such an address, every further request fails with an error that does not say
// why. So this file makes the request again by itself and finds out which broker answered, to which
// addresses it sends clients, and which of those addresses accept no connection.
import { connect } from 'node:net';
import { sleep } from '../../loop.ts';
import { createClient, type KafkaLog, type KafkaSettings } from './client.ts';
import { createInnerCluster } from './inner-cluster.ts';

/**
 * The last cause in the chain of an error, so that the description of the error is this sentence.
 */
export class AdvertisedError extends Error {
  override readonly name = 'AdvertisedError';
}

const CONNECT_MS = 3_000;

/**
 * A broker that is only down leaves the list of the other brokers within seconds, or comes back.
 */
const AGAIN_MS = 5_000;

/**
 * Null if no broker answers, or if every address that clients are sent to accepts connections. An
 * address counts as unreachable if it refused in two checks some seconds apart, and in each of them
 * another broker answered and named the address. Never rejects.
 */
export async function findUnreachable(
  settings: KafkaSettings,
  log: KafkaLog,
  { againMs = AGAIN_MS }: { againMs?: number } = {},
): Promise<AdvertisedError | null> {
  const first = await look(settings, log);
  if (first === null || first.lost.length === 0) return null;
  await sleep(againMs);
  return judgeLooks(first, await look(settings, log));
}

export type Look = { answered: string; lost: readonly Lost[] };

/** Judges two checks, each null if no broker answered. Null: a broker may only be down. */
export function judgeLooks(first: Look | null, second: Look | null): AdvertisedError | null {
  if (first === null || second === null) return null;
  const lost = second.lost.filter(({ place }) => first.lost.some((was) => was.place === place));
  // If an address answered itself, its broker only goes up and down.
  const isUp = [first.answered, second.answered];
  if (lost.length === 0 || lost.some(({ place }) => isUp.includes(place))) return null;
  return new AdvertisedError(sayUnreachable(second.answered, lost));
}

/**
 * One check: which broker answered, and which of the addresses that it sends clients to accept no
 * connection. Null if no broker answers.
 */
async function look(settings: KafkaSettings, log: KafkaLog): Promise<Look | null> {
  const cluster = createInnerCluster(createClient(settings, log));
  try {
    await cluster.connect();
    const { seedBroker } = cluster.brokerPool;
    const { brokers } = await seedBroker.metadata([]);
    const tried = await Promise.all(
      brokers.map(async ({ host, port }) => ({
        place: placeOf(host, port),
        code: await tryPlace(host, port),
      })),
    );
    const lost = tried.flatMap(({ place, code }) => (code === null ? [] : [{ place, code }]));
    const { host, port } = seedBroker.connectionPool;
    return { answered: placeOf(host, port), lost };
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
    `${answered} answered and sends clients to ${all}, which this machine cannot reach: fix advertised.listeners ` +
    `of ${places.length > 1 ? 'these brokers' : 'that broker'} (${codes})`
  );
}

/** Why no connection to the address could be opened; null if one could. */
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
