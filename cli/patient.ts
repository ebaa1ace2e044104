// Reads for a command, which has time: if the system says "too often" (the workers use the same
// allowance) they wait for a rate token and go on from where they were.
import type { ExternalRecord, Integration } from '../lib/integrations/integration.ts';
import { sleep } from '../lib/loop.ts';

/** Refusals in a row, without one answer between them, before it is given up: more than half a minute. */
const MAX_REFUSALS = 60;
const REST_MS = 600;

export function readPatiently(integration: Integration): Integration {
  /** Rests if it was only too often; throws what it was otherwise. */
  async function restOrThrow(error: unknown, refusals: number): Promise<void> {
    const { kind, retryAfterMs } = integration.classify(error);
    if ((kind !== 'throttle' && kind !== 'lock') || refusals >= MAX_REFUSALS) throw error;
    await sleep(retryAfterMs ?? REST_MS);
  }

  return {
    ...integration,
    async fetch(externalId, options) {
      for (let refusals = 1; ; refusals += 1) {
        try {
          return await integration.fetch(externalId, options);
        } catch (error) {
          await restOrThrow(error, refusals);
        }
      }
    },
    async *list(window) {
      // Newest first: what is left was made in the second of the last one given, or before.
      let last: ExternalRecord | undefined;
      let given = new Set<string>();
      // Those of test clocks come behind the others and bear times of their own: each is given once.
      const clocked = new Set<string>();
      for (let refusals = 1; ; refusals += 1) {
        try {
          const left = last === undefined ? window : { ...window, createdTo: last.createdAt };
          for await (const page of integration.list(left)) {
            refusals = 0;
            const fresh = page.filter(({ externalId }) => !given.has(externalId) && !clocked.has(externalId));
            const timed = page.filter(({ testClock }) => testClock === null);
            const bound = timed.at(-1) ?? last;
            if (bound?.createdAt.getTime() !== last?.createdAt.getTime()) given = new Set();
            for (const { externalId, createdAt } of timed) {
              if (createdAt.getTime() === bound?.createdAt.getTime()) given.add(externalId);
            }
            for (const { externalId, testClock } of page) if (testClock !== null) clocked.add(externalId);
            last = bound;
            if (fresh.length > 0) yield fresh;
          }
          return;
        } catch (error) {
          await restOrThrow(error, refusals);
        }
      }
    },
  };
}
