// One renewal of a credential, from the system's answer to the row.
//
// Guarantees: one process at a time asks the system, by `renewing_until` in the row; an answer is stored
// before any request uses it, and only over an older one. Assumes: a rotating system takes the credential
// that it has just replaced for a while, or refuses it and says so.
//
// What a process that dies leaves behind:
// - after `credential.begun`: the row as it was. When `renewing_until` is over, another process renews.
// - after `credential.renewed`: the system has replaced the credential, and the row has the replaced one.
//   The next process renews with that one. A system that still takes it answers as ever. One that does
//   not, refuses for good: the account has to be connected again, and the message says when a renewal
//   was cut off. A minted credential loses nothing: the next one is minted.
// - after `credential.stored`: the row with the new one. Other processes use the one that they have until
//   it is over or refused, and then read the row.
//
// A process that lives and cannot store the answer, since the database is away, keeps trying: what it
// has is the only copy.
import {
  giveUpRenewal,
  refuseCredential,
  storeRenewed,
  type Begun,
  type CredentialRow,
} from '../../db/credentials.ts';
import type { Db } from '../../db/server/connection.ts';
import { fullJitter } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { describeFault } from '../describe-fault.ts';
import { failpoint } from '../failpoint.ts';
import type { Auth, Renewed, Secrets } from '../integrations/auth.ts';
import { sleep } from '../loop.ts';
import { rememberSecrets } from '../redact.ts';
import { notRenewed, settingsRefused } from './refusals.ts';
import { seal } from './seal.ts';

export interface CredentialLog {
  info(event: string, fields: Record<string, unknown>): void;
  warn(event: string, fields: Record<string, unknown>): void;
}

export interface RenewalDeps {
  db: Db;
  clock: Clock;
  log: CredentialLog;
  system: string;
  auth: Auth;
  /** Of TWINBOX_SECRET_KEY; the first one seals. */
  keys: readonly string[];
}

/** After a renewal that failed for now, no process begins another one for so long. */
const PAUSE_MS = 5_000;
/** How long a process tries to store what it alone has. */
const STORING_TRIES = 60;

/** A lease that outlasts the request, and what it takes to store its answer. */
export const leaseMsOf = ({ renewTimeoutMs }: Auth): number => renewTimeoutMs + 10_000;

/** What the row's secrets are about: with another address, say, they cannot be opened. */
export function aboutOf({ system, auth }: Pick<RenewalDeps, 'system' | 'auth'>): string {
  const { kind, address, madeFrom } = auth;
  return [system, kind, address, ...(kind === 'minted' ? madeFrom : [])].join('\n');
}

/**
 * `stored`: it is in the row under its number. `overtaken`: another process or a person was faster, and
 * the row is to be read again. `refused`: for good. Throws a `CredentialError` if it failed for now.
 */
export async function renew(
  deps: RenewalDeps,
  begun: Begun,
  current: Secrets | null,
): Promise<'overtaken' | 'refused' | { version: number; renewed: Renewed; storedAt: Date }> {
  const { db, clock, log, system, auth } = deps;
  const { account, number, version } = begun;
  const place = { system, account, number };
  const now = clock.now();
  await failpoint('credential.begun');
  let renewed: Renewed;
  try {
    renewed = checked(await auth.renew(current, { now, signal: AbortSignal.timeout(auth.renewTimeoutMs) }));
  } catch (error) {
    const failure = auth.classify(error);
    const { kind, code } = failure;
    if (kind === 'auth' && auth.kind === 'rotating') {
      const isFirst = await refuseCredential(db, { ...place, version, why: code, now: clock.now() });
      if (isFirst) log.warn('credential.refused', { system, code });
      return isFirst ? 'refused' : 'overtaken';
    }
    const isOpen = !failure.nothingHappened;
    await giveUpRenewal(db, { ...place, isOpen, now: clock.now(), pauseMs: PAUSE_MS });
    log.warn('credential.not_renewed', { system, code });
    // Once the settings are right, the next try succeeds: nothing has to be set.
    if (kind === 'auth' || kind === 'permanent') throw settingsRefused(system, code);
    throw notRenewed(system, { code, retryAfterMs: failure.retryAfterMs });
  }
  rememberSecrets(Object.values(renewed.secrets));
  await failpoint('credential.renewed');
  const sealed = seal(renewed.secrets, aboutOf(deps), deps.keys);
  const { expiresAt, reconnectBy = null } = renewed;
  const storedAt = clock.now();
  const isStored = await insist(log, system, () =>
    storeRenewed(db, { ...place, sealed, now: storedAt, expiresAt, reconnectBy }),
  );
  await failpoint('credential.stored');
  if (!isStored) return 'overtaken';
  log.info('credential.renewed', { system, expires_at: expiresAt, reconnect_by: reconnectBy });
  return { version: number, renewed, storedAt };
}

/** An answer without its secrets must not take the place of good ones. */
function checked(renewed: Renewed): Renewed {
  const texts = Object.values(renewed.secrets);
  const isWhole = texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '');
  if (isWhole) return renewed;
  throw new Error('the answer to a renewal has no secrets');
}

async function insist<T>(log: CredentialLog, system: string, store: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await store();
    } catch (error) {
      if (tries >= STORING_TRIES) throw error;
      log.warn('credential.not_stored', { system, tries, ...describeFault(error) });
      await sleep(fullJitter(tries, { baseMs: 100, capMs: 5_000 }));
    }
  }
}

/** Since the last tenth of its life, and at most the last five minutes, it is renewed before its end. */
const AHEAD_MS = 5 * 60_000;

export function isSoonOver(
  { expiresAt, storedAt }: Pick<CredentialRow, 'expiresAt' | 'storedAt'>,
  now: Date,
) {
  if (expiresAt === null) return false;
  const lifeMs = storedAt === null ? 0 : expiresAt.getTime() - storedAt.getTime();
  return expiresAt.getTime() - now.getTime() <= Math.min(AHEAD_MS, lifeMs / 10);
}

export function isOver({ expiresAt }: Pick<CredentialRow, 'expiresAt'>, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}
