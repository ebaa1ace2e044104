// The credential of one system in one process: it gives each request the current secrets, and sees to it
// that they are renewed, before their end and after a refusal, by one process at a time. The others wait
// for its answer in the row. What a renewal leaves behind: renewal.ts.
//
// A refusal is first compared with the row: another process may have renewed meanwhile. A credential that
// is refused in its first minute is not renewed again, since a newer one would be refused too.
import { beginRenewal, type Begun, type CredentialRow } from '../../db/credentials.ts';
import type { Authorize, Secrets } from '../integrations/auth.ts';
import { rememberSecrets } from '../redact.ts';
import { CredentialError, notRenewed, refusedForGood } from './refusals.ts';
import { isOver, isSoonOver, leaseMsOf, renew } from './renewal.ts';
import { createStored, type StoredDeps } from './stored.ts';

export type KeeperDeps = StoredDeps;

interface Held extends Pick<CredentialRow, 'version' | 'expiresAt' | 'storedAt'> {
  secrets: Secrets;
}

/** Why the one that is held will not do. */
type Because = 'none' | 'soon' | 'refused';

const FIRST_MINUTE_MS = 60_000;

export function createKeeper(deps: KeeperDeps): { authorize: Authorize } {
  const { db, clock, system, auth, keys } = deps;
  const { readRow, openRow, anotherIsDone } = createStored(deps);
  rememberSecrets([...keys, ...auth.madeFrom]);
  let held: Held | null = null;
  let finding: Promise<Held | null> | null = null;

  /** One search at a time in this process. Null: nothing newer than this version is to be had. */
  function find(than: number | null, because: Because): Promise<Held | null> {
    finding ??= look(than, because).finally(() => (finding = null));
    return finding;
  }

  async function look(than: number | null, because: Because): Promise<Held | null> {
    for (;;) {
      const row = await readRow();
      const now = clock.now();
      const opened = row.sealed === null ? null : await openRow(row);
      if (opened && row.version !== than && !isOver(row, now)) return (held = { ...row, secrets: opened });
      if (row.refusedAt !== null) throw refusedForGood(row);
      const isYoung = row.storedAt !== null && now.getTime() - row.storedAt.getTime() < FIRST_MINUTE_MS;
      if (because === 'refused' && row.version === than && isYoung) return null;
      if (row.isPutOff) throw notRenewed(system, { code: 'the last try has just failed' });
      const lengthMs = leaseMsOf(auth);
      const begun = await beginRenewal(db, { system, account: row.account, version: row.version, lengthMs });
      if (begun === null) await anotherIsDone(row.version);
      else if (await renewed(begun, row)) return held;
    }
  }

  async function renewed(begun: Begun, row: CredentialRow): Promise<boolean> {
    // As it is now, and not as it was before the renewal began.
    const current = begun.sealed === null ? null : await openRow({ ...row, sealed: begun.sealed });
    const result = await renew(deps, begun, current);
    if (typeof result === 'string') return false;
    const { version, storedAt } = result;
    held = { version, storedAt, secrets: result.renewed.secrets, expiresAt: result.renewed.expiresAt };
    return true;
  }

  async function current(): Promise<Held> {
    const now = clock.now();
    if (held === null || isOver(held, now)) return anyHeld(held?.version ?? null);
    if (!isSoonOver(held, now) || finding !== null) return held;
    const still = held;
    // It is good for a while: a renewal that fails now is tried again by a later call.
    return (await find(held.version, 'soon').catch(() => null)) ?? still;
  }

  async function after(refused: Held): Promise<Held | null> {
    const found = await find(refused.version, 'refused');
    // A search that had begun before the refusal may have found the same one.
    return found?.version === refused.version ? find(refused.version, 'refused') : found;
  }

  /** A search after a refusal, which was under way, finds nothing newer and nothing wrong. */
  async function anyHeld(than: number | null): Promise<Held> {
    const found = (await find(than, 'none')) ?? (await find(than, 'none'));
    if (found === null) throw notRenewed(system, { code: 'refused' });
    return found;
  }

  return { authorize: authorizeWith({ current, after }, deps) };
}

interface Source {
  current(): Promise<Held>;
  /** Null: nothing newer than what was refused is to be had. */
  after(refused: Held): Promise<Held | null>;
}

function authorizeWith({ current, after }: Source, { system, auth }: KeeperDeps): Authorize {
  return async (send) => {
    const limit = AbortSignal.timeout(auth.callTimeoutMs);
    const first = await within(limit, current(), system);
    try {
      return await send(first.secrets, limit);
    } catch (error) {
      const { kind, nothingHappened } = auth.classify(error);
      if (kind !== 'auth') throw error;
      const next = await within(limit, after(first), system).catch((why: unknown) => {
        if (!(why instanceof CredentialError)) throw why;
        throw new CredentialError({ ...why.failure, nothingHappened });
      });
      if (next === null) throw error;
      return await send(next.secrets, limit);
    }
  };
}

/** The work goes on when the time is over, since what it brings is to be stored. */
async function within<T>(limit: AbortSignal, work: Promise<T>, system: string): Promise<T> {
  const late = (): Error => notRenewed(system, { code: 'not in time' });
  if (limit.aborted) {
    work.catch(() => undefined);
    throw late();
  }
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(late());
  limit.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    limit.removeEventListener('abort', stop);
  }
}
