// Reads of a command or of a plan, which can wait: if the system answers that requests come too often (the
// workers share the same limit), the read rests and then goes on from where it was.
import type { ExternalRecord, Integration } from '../integrations/integration.ts';
import { sleep } from '../loop.ts';

/** After this many refusals in a row, which take more than half a minute, the read fails. */
const MAX_REFUSALS = 60;
const REST_MS = 600;

export function readPatiently(integration: Integration): Integration {
  /** Rests after a refusal because of the rate; throws every other error. */
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
      // The list is newest first: the remaining records were created in the second of the last one,
      // or before.
      let last: ExternalRecord | undefined;
      let given = new Set<string>();
      // Records of test clocks are listed after the others and have times of their own: each is
      // yielded once.
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
