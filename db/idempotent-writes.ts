// A write that is sent with a key is made once: its answer is kept by the transaction that makes it.
//
// Guarantees: of all requests with one key, one makes its change; the change and its answer are both
// there or neither is. Until a transaction ends it has the key by an advisory lock, which the server
// gives back when the transaction or its process ends, so a process that dies leaves nothing.
//
// Assumes read committed, which every session has (server/session.ts): the look-up in
// claim_idempotent_write() sees what the last holder of the lock has committed, although the statement
// that calls it may be older than that commit. So no unique index is needed, and the same key on both
// sides of the border of two partitions is still found.
import type { Db, Tx } from './server/connection.ts';

/** A key with which a write is to be made once. */
export type Once = {
  /** SHA-256 of who asks, of the route and of the key. */
  scope: Buffer;
  /** SHA-256 of the method, the path and the body. */
  request: Buffer;
  /** Answers with a lower id do not count any more; a uuid. */
  since: string;
  /** What the caller needs for the answer besides the row; it is kept as JSON. */
  answer: Record<string, unknown>;
};

export type KeptAnswer = {
  /** In hexadecimal digits. */
  request: string;
  answer: Record<string, unknown>;
  /** The row, for rowOfKept in entities/rows.ts; null if the answer has none. */
  written: unknown;
};

/** Nothing was written: an earlier request with this key has made its change. */
export class AnsweredBefore extends Error {
  override readonly name = 'AnsweredBefore';
  readonly kept: KeptAnswer;

  constructor(kept: KeptAnswer) {
    super('a write with this key was made before');
    this.kept = kept;
  }
}

/** Nothing was written: a transaction that has the key has not ended. */
export class KeyInUse extends Error {
  override readonly name = 'KeyInUse';

  constructor() {
    super('a write with this key is being made');
  }
}

/** The answer of claim_idempotent_write(). */
export type Earlier = KeptAnswer | { in_use: true } | null;

/** Throws AnsweredBefore or KeyInUse unless the transaction has the key. */
export function demandFree(earlier: Earlier | undefined): void {
  if (earlier === null || earlier === undefined) return;
  throw 'in_use' in earlier ? new KeyInUse() : new AnsweredBefore(earlier);
}

/** The first part of a `with` that writes once; its bindings are those of onceBindings. */
export const CLAIM = `claim as (
  select claim_idempotent_write(:scope::bytea, :since::uuid) as earlier
)`;

/**
 * True if the statement has the key. A sub-select without columns of the row is asked before the row is
 * read or locked.
 */
export const IS_CLAIMED = '(select earlier is null from claim)';

export const INSERT_KEPT = 'insert into idempotent_writes (id, scope, request, answer, written)';

export function onceBindings({ scope, request, since, answer }: Once) {
  return { scope, request, since, answer: JSON.stringify(answer) };
}

/** The transaction has the key from here to its end. Throws AnsweredBefore or KeyInUse. */
export async function claimKey(tx: Tx, { scope, since }: Once): Promise<void> {
  const { rows } = await tx.raw<{ rows: { earlier: Earlier }[] }>(
    'select claim_idempotent_write(:scope::bytea, :since::uuid) as earlier',
    { scope, since },
  );
  demandFree(rows[0]?.earlier);
}

const keepSql = `
with ${CLAIM}, kept as (
  ${INSERT_KEPT}
  select :id::uuid, :scope::bytea, :request::bytea, :answer::json, :written::json from claim where earlier is null
)
select earlier from claim`;

/**
 * Keeps an answer, in the transaction that has the key, or for a write that changed nothing by itself.
 * `id`: a uuid of version 7 of this moment. Throws AnsweredBefore or KeyInUse, and then keeps nothing.
 */
export async function keepAnswer(
  db: Db | Tx,
  once: Once,
  { id, written }: { id: string; written: unknown },
): Promise<void> {
  const { rows } = await db.raw<{ rows: { earlier: Earlier }[] }>(keepSql, {
    ...onceBindings(once),
    id,
    written: written === null ? null : JSON.stringify(written),
  });
  demandFree(rows[0]?.earlier);
}
