// A database may be restored, replaced, or migrated to another catalogue while a process runs on it. So
// the process checks every few seconds whether this is still the database with which it started, and
// ends if it is not. The relay has a check of its own, and works by no catalogue. What is claimed or
// written between two checks is refused by the statement itself (db/entities/catalogue-number.ts).
import type { Db } from '../../db/server/connection.ts';
import { assertSameCatalogue } from '../../db/entities/catalogue-number.ts';
import { DbError } from '../../db/server/errors.ts';
import type { Address } from '../../db/relay/identity.ts';
import { assertSameDatabase, IdentityError } from './database-identity.ts';
import { fullJitter } from '../backoff.ts';
import { runLoop } from '../loop.ts';

export type IdentityWatch = {
  /**
   * Resolves when the database, or its catalogue, is another one than before: the process reports this
   * and ends.
   */
  failed: Promise<Error>;
  stop(): Promise<void>;
};

const EVERY_MS = 5_000;

export function watchIdentity({
  db,
  address,
  steps,
  everyMs = EVERY_MS,
}: {
  db: Db;
  address: Address;
  /** Whether it takes steps. What only reads and writes rows may go on after an added field. */
  steps: boolean;
  everyMs?: number;
}): IdentityWatch {
  const stopping = new AbortController();
  const failure = Promise.withResolvers<Error>();
  const loop = runLoop(
    async () => {
      await assertSameDatabase(db, address);
      await assertSameCatalogue(db, { steps });
      return 0;
    },
    {
      idleMs: everyMs,
      busyMs: everyMs,
      backoffMs: (failures) => fullJitter(failures, { baseMs: 500, capMs: everyMs }),
      // Other parts report a database that does not answer, and it usually answers again later.
      onError(error) {
        const isOther = error instanceof IdentityError || isCatalogueChanged(error);
        if (!isOther) return;
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

function isCatalogueChanged(error: unknown): error is DbError {
  return error instanceof DbError && error.code === 'catalogue_changed';
}
