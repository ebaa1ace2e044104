// An import that was sent with a key: a repeat goes on behind the last batch that the first one stored.
//
// Guarantees: of all requests with one key each row is written by one, whichever of them dies and when: a
// batch and how far the import came with it are stored by one transaction, and only by the request that has
// the lease (db/import-runs.ts). A body that has other rows than those that are done is refused, and
// nothing of it is written.
// A crash between any two lines leaves the run at a batch; after the lease (LEASE_MS) a repeat goes on.
import { createHash, type Hash } from 'node:crypto';
import { claimRun, releaseRun, renewRun, saveRun } from '../../../db/import-runs.ts';
import type { Db } from '../../../db/server/connection.ts';
import type { Clock } from '../../clock.ts';
import type { ImportProgress } from './import-rows.ts';
import { NO_ROWS, type Counts } from './outcome.ts';
import type { Row } from './rows.ts';

/** A request that died is waited for so long; one that works renews its lease at a third. */
export const LEASE_MS = 10_000;

/** The rows are not those that were sent with the key before. */
export class OtherRows extends Error {
  override readonly name = 'OtherRows';
}

/** Another request works on the import with this key. */
export class ImportInUse extends Error {
  override readonly name = 'ImportInUse';
}

export type KeyedImport = ImportProgress & {
  /** The rows that an earlier request has done. */
  doneBefore: number;
  /** Whether an earlier request has read the whole body: `left` then only compares. */
  endedBefore: boolean;
  /** The whole body is done. */
  end(): Promise<void>;
  /** The next request need not wait for the lease. */
  release(): Promise<void>;
};

export type KeyedDeps = {
  db: Db;
  clock: Clock;
  /** SHA-256 of who asks, of the route and of the key. */
  scope: Buffer;
  /** SHA-256 of the parameters and of the type of the body. */
  request: Buffer;
  /** For how long a key is good. */
  keptMs: number;
  /** The lease could not be renewed this time; it is tried again. */
  onError?: (error: unknown) => void;
};

/** Throws ImportInUse, or OtherRows for other parameters than the first time. */
export async function beginKeyedImport(deps: KeyedDeps): Promise<KeyedImport> {
  const { db, clock, scope, request, keptMs } = deps;
  const now = clock.now();
  const since = new Date(now.getTime() - keptMs);
  const run = await claimRun(db, { scope, request, leaseMs: LEASE_MS, now, since });
  if (run === null) throw new ImportInUse('a request with this key is being worked on');
  const { fence, rowsDone, ended, digest } = run;
  const timer = setInterval(() => {
    renewRun(db, { scope, fence, leaseMs: LEASE_MS }).catch((error: unknown) => deps.onError?.(error));
  }, LEASE_MS / 3);
  timer.unref();
  const release = async (): Promise<void> => {
    clearInterval(timer);
    await releaseRun(db, { scope, fence });
  };
  if (run.request !== request.toString('hex')) {
    await release();
    throw new OtherRows('the key was sent with other parameters');
  }

  const hashes = createHashes();
  const counts: Counts = { ...NO_ROWS, ...run.counts };
  let last = counts;

  async function save(at: Parameters<typeof saveRun>[0], done: Counts, isWhole: boolean): Promise<void> {
    const progress = { rowsDone: done.rows, digest: hashes.at(done.rows), counts: done, ended: isWhole };
    if (!(await saveRun(at, { scope, fence, ...progress })))
      throw new ImportInUse('another request has taken over this key');
    last = done;
  }

  async function* left(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
    let at = 0;
    for await (const row of rows) {
      at += 1;
      hashes.add(row);
      if (at > rowsDone) {
        if (ended) throw new OtherRows('the body has more rows');
        yield row;
      } else if (at === rowsDone) demandSame(hashes.at(at), digest);
    }
    if (at < rowsDone) throw new OtherRows('the body has fewer rows');
  }

  return {
    ...{ counts, doneBefore: rowsDone, endedBefore: ended },
    left,
    store: (tx, done) => save(tx, done, false),
    end: () => save(db, last, true),
    release,
  };
}

function demandSame(digest: Buffer, before: string | null): void {
  if (digest.toString('hex') !== before) throw new OtherRows('the rows that are done are others');
}

/** Rows that may be read before they are stored: those of a batch, and the next one. */
const AHEAD = 1_000;

/** The hash of the first n rows, for each n that may still be asked for. */
function createHashes() {
  const hash: Hash = createHash('sha256');
  const after = new Map<number, Buffer>();
  let read = 0;
  return {
    add(row: Row): void {
      hash.update(`${JSON.stringify({ ...row, bytes: 0 })}\n`);
      read += 1;
      after.set(read, hash.copy().digest());
      after.delete(read - AHEAD);
    },
    at: (rows: number): Buffer => after.get(rows) ?? hash.copy().digest(),
  };
}
