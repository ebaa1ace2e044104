// A database may be restored or replaced while a process runs on it. So the process checks every
// few seconds whether this is still the database with which it started, and ends if it is not. The
// relay has a check of its own.
import type { Db } from '../../db/server/connection.ts';
import type { Address } from '../../db/relay/identity.ts';
import { assertSameDatabase, IdentityError } from './database-identity.ts';
import { fullJitter } from '../backoff.ts';
import { runLoop } from '../loop.ts';

export type IdentityWatch = {
  /** Resolves when the database is another one than before: the process reports this and ends. */
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
      // Other parts report a database that does not answer, and it usually answers again later.
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
