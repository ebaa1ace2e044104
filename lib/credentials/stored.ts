// The row of a credential as one process reads it: opened, sealed by the newest key, waited for.
import {
  ensureCredential,
  readCredential,
  resealCredential,
  type CredentialRow,
  type WhichCredential,
} from '../../db/credentials.ts';
import { failpoint } from '../failpoint.ts';
import type { Secrets } from '../integrations/auth.ts';
import { waitUntil } from '../loop.ts';
import { rememberSecrets } from '../redact.ts';
import { cannotOpen, noCredential } from './refusals.ts';
import { aboutOf, leaseMsOf, type RenewalDeps } from './renewal.ts';
import { open, seal } from './seal.ts';

export interface StoredDeps extends RenewalDeps {
  /** Which of the stored ones; of a minted one there is only `new`. */
  which: WhichCredential;
}

/** How often the row is looked at while another process renews. */
const LOOK_MS = 50;

export function createStored(deps: StoredDeps) {
  const { db, system, auth, keys } = deps;
  const which = auth.kind === 'minted' ? 'new' : deps.which;
  const about = aboutOf(deps);

  async function readRow(): Promise<CredentialRow> {
    const row = await readCredential(db, system, which);
    if (row) return row;
    if (auth.kind === 'rotating') throw noCredential(system);
    await ensureCredential(db, { system, account: '' });
    return readRow();
  }

  /** Null where a minted one was made from other settings, or is damaged: it is minted anew. */
  async function openRow(row: CredentialRow): Promise<Secrets | null> {
    const sealed = row.sealed ?? '';
    const opened = open(sealed, about, keys);
    if (!opened.ok) {
      if (auth.kind === 'minted') return null;
      throw cannotOpen(system, opened.why, opened.key);
    }
    const { secrets } = opened;
    rememberSecrets(Object.values(secrets));
    if (!opened.isCurrent)
      await resealCredential(db, { ...row, was: sealed, sealed: seal(secrets, about, keys) });
    return secrets;
  }

  async function anotherIsDone(version: number): Promise<void> {
    await failpoint('credential.waiting');
    const isDone = async (): Promise<boolean> => {
      const row = await readRow();
      return !row.isRenewing || row.version !== version || row.refusedAt !== null;
    };
    await waitUntil(isDone, {
      timeoutMs: 2 * leaseMsOf(auth),
      everyMs: LOOK_MS,
      what: `another process renews the credential of ${system}`,
    });
  }

  return { readRow, openRow, anotherIsDone };
}
