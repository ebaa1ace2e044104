// A handler gets what has come of several partitions together: one statement for many messages costs far less
// than many statements. Parts whose handler fails together are handled one by one, so that none of them waits
// because of another one.
import { createGather } from '../../gather.ts';
import type { Handler, Received } from '../bus.ts';

/** While one part is stored, the next one is read. */
const HANDLERS = 2;

/** `most`: the messages of one call of the handler. Resolves once the handler has done its work for the part. */
export function joinParts(handler: Handler, most: number): (part: Received[]) => Promise<void> {
  const handle = createGather<Received[], PromiseSettledResult<void>>({
    ...{ width: HANDLERS, most, sizeOf: ({ length }) => length },
    work: async (parts) => {
      const [together] = await Promise.allSettled([handler(parts.flat())]);
      if (together.status === 'fulfilled' || parts.length === 1) return parts.map(() => together);
      const outcomes: PromiseSettledResult<void>[] = [];
      for (const part of parts) outcomes.push(...(await Promise.allSettled([handler(part)])));
      return outcomes;
    },
  });
  return async (part) => {
    const outcome = await handle(part);
    if (outcome.status === 'rejected') throw outcome.reason;
  };
}
