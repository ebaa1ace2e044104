// What people have said about a pair, each with a column of its own, so that nothing that becomes of
// the pair can take it away: the consent to link a row and a record, a decision about a pair that is
// stuck, and how a pair was ended on purpose.
import { isObject } from './stored.ts';

/**
 * What a person consented to. `customer`: the record of the mapping belongs to this customer;
 * `chosen`: whatever its email or its owner tag says. `record`: the row of the mapping is linked
 * with this record, or with null, a new record is created for it; `anew`: even if other records
 * have its email.
 */
export type Consent = (
  | { to: 'customer'; customer: number; chosen?: true }
  | { to: 'record'; external_id: string | null; anew?: true }
) & {
  by: string | null;
  /** ISO 8601. */
  at: string;
};

/**
 * What a person has decided about a pair and no worker has carried out yet. `release`: a delete
 * that the fuse holds may go out. `recreate`: the record is gone, and the row gets a new one.
 * `record`: that record is the row's.
 */
export type Decision = {
  kind: 'release' | 'recreate' | 'record';
  external_id?: string;
  by?: string | null;
  /** ISO 8601. */
  at?: string;
  why?: string | null;
};

/** What a decision says for those who look later; `by` is who decided. */
export type DecisionNote = { by: string | null; at: string; why: string | null };

/** A record that a decision named and that could not be taken. */
export type NotTaken = { tried: string; why: string };

/**
 * How a pair was ended on purpose. It stands as long as the pair has ended, and while the pair is
 * taken up again for a decision that is not carried out yet: if that cannot be carried out, the pair
 * has ended as before.
 */
export type Ending =
  /** A person, or a setting, detached the pair: both sides stay as they are until it is reopened. */
  | ({ kind: 'let_go'; was: string; because: string | null; refused?: NotTaken } & DecisionNote)
  /** The row has a new pair; `replaced` is its record, or true if a record was to be created. */
  | ({
      kind: 'replaced';
      replaced: string | true;
      /** No person decided: the record is gone, and its row did not fulfil the condition. */
      because?: typeof NOT_WANTED;
      refused?: NotTaken;
    } & Partial<DecisionNote>)
  /** The delete that the fuse held was taken back: this new customer replaces the deleted one. */
  | ({
      kind: 'taken_back';
      taken_back: number;
      external_id: string | null;
      refused?: NotTaken;
    } & DecisionNote)
  /** The database moved to another account; the state in which the pair was is kept for a way back. */
  | { kind: 'account_left'; account_left: string; refused?: NotTaken }
  /** Tombstoned, and taken up again for a decision; only while that decision stands. */
  | { kind: 'tombstoned' };

const ENDINGS: ReadonlySet<string> = new Set<Ending['kind']>([
  'let_go',
  'replaced',
  'taken_back',
  'account_left',
  'tombstoned',
]);

/** As it is stored; null for what no code of ours wrote: that is no consent. */
export function toConsent(stored: unknown): Consent | null {
  if (!isObject(stored)) return null;
  const { to, customer, external_id: externalId } = stored;
  const isOne =
    to === 'customer'
      ? Number.isSafeInteger(customer)
      : to === 'record' && (externalId === null || typeof externalId === 'string');
  // The check constraint of the table says the same.
  return isOne ? (stored as Consent) : null;
}

export function toEnding(stored: unknown): Ending | null {
  if (!isObject(stored) || typeof stored['kind'] !== 'string') return null;
  return ENDINGS.has(stored['kind']) ? (stored as Ending) : null;
}

/**
 * Why a pair was let go without a person: its record was deleted, and the settings of its system end
 * the pair then.
 */
export const DELETED_THERE = 'deleted_there';

/** Why a pair was replaced without a person: the system was not to have its row. */
export const NOT_WANTED = 'not_wanted';

/** As `isLetGo`, and by the settings: the record may come back (lib/sync/rungs/restored.ts). */
export function isLetGoByDeletion({ state, ending }: { state: string; ending: Ending | null }): boolean {
  return (
    state === 'detached' &&
    ending?.kind === 'let_go' &&
    ending.because === DELETED_THERE &&
    ending.by === null
  );
}

/**
 * A person, or a setting, detached the pair: both sides stay as they are until `resolve` reopens the
 * pair.
 */
export const isLetGoSql = (mapping: string): string =>
  `(${mapping}.state = 'detached' and ${mapping}.ending ->> 'kind' = 'let_go')`;

export function isLetGo({ state, ending }: { state: string; ending: Ending | null }): boolean {
  return state === 'detached' && ending?.kind === 'let_go';
}
