// A database may be put back, or copied over, under a process that runs: it looks every few
// seconds, and ends when this is not the database that it has begun with. The relay looks by
// itself.
import type { Db } from '../../db/server/connection.ts';
import type { Address } from '../../db/relay/identity.ts';
import { assertSameDatabase, IdentityError } from './database-identity.ts';
import { fullJitter } from '../backoff.ts';
import { runLoop } from '../loop.ts';

export type IdentityWatch = {
  /** Resolves when the database is not the one it was: the process says so and ends. */
  failed: Promise<Error>;
  stop(): Promise<void>;
};

const EVERY_MS = 5_000;

export function watchIdentity({
  db,
  address,
  everyMs = EVERY_MS,
}: {
  db: Db;
  address: Address;
  everyMs?: number;
}): IdentityWatch {
  const stopping = new AbortController();
  const failure = Promise.withResolvers<Error>();
  const loop = runLoop(
    async () => {
      await assertSameDatabase(db, address);
      return 0;
    },
    {
      idleMs: everyMs,
      busyMs: everyMs,
      backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: everyMs }),
      // A database that is away shows elsewhere, and comes back.
      onError(error) {
        if (!(error instanceof IdentityError)) return;
        failure.resolve(error);
        stopping.abort();
      },
      signal: stopping.signal,
    },
  );
  return {
    failed: failure.promise,
    async stop() {
      stopping.abort();
      await loop.done;
    },
  };
}
