// Why a pair waits or is parked: a closed union, each member with what it says. It is stored as a code
// (`reason`) and a jsonb value (`reason_detail`), and shown as these two everywhere.
//
// What a person has said about the pair is no part of it (consent.ts): a reason is replaced by the
// next one.
import type { NotTaken } from './consent.ts';
import { hasMembers, ifThere, isNumber, isObject, isOneOf, isText, isTexts, orNull } from './stored.ts';
import type { Fits, Json } from './stored.ts';

type Nothing = null | Record<string, never>;

/** What an answer of the external system, or a failure on the way to it, says for itself. */
export type FailureDetail = {
  kind: string;
  code: string;
  message: string;
  status: number | null;
  request_id: string | null;
  field: string | null;
  /** External ids of records because of which a request was refused. */
  existing?: string[];
};

type RefusedRow = {
  rule: string | null;
  kind: string;
  columns: string[];
  sqlstate: string | null;
  message: string;
  says?: string;
};

type MergedBecause = 'gone' | 'other_environment';

export type NoRecord = 'missing' | 'erased' | 'refused';

type DamagedColumn = 'shadow' | 'intent' | 'external_id' | 'internal_id';

/** Why a pair waits, by its code. */
interface WaitingDetails {
  /**
   * Null before the first step. `records`: these have the identity of the row. `tried`: the record
   * that a consent named is not available, and a person is asked again.
   */
  not_linked: null | {
    because?: 'identity_exists';
    records?: string[];
    tried?: string;
    why?: string | null;
  };
  account_unread: Nothing;
  ask_link: { customer: number };
  duplicate_email: { customer: number };
  /** The record was archived, and lives again: this row, which it had, is deleted. */
  restored: { customer: number };
  /** A person chose the record for a customer; the consent says for which. */
  chosen: Nothing;
  /** A pair that had ended was taken up again for a decision. */
  reopened: null;
  /** `mark`: the owner tag, by the name that stored reasons have had from the start. */
  lost_row: { mark?: string };
  left_alone: { mark?: string };
  not_imported: Nothing;
  other_environment: Nothing;
  lacks_field: { field: string };
  /**
   * The row that a field names has no record there yet, or the record that it names no row here.
   * `because`: what it names is no record there (`missing`), was deleted (`erased`), or cannot be
   * read (`refused`).
   */
  reference: { field: string; entity: string; id?: number; external_id?: string; because?: NoRecord };
  /** The row does not fulfil the condition of the mapping, by this field: the system is not to have it. */
  not_wanted: { field: string };
  /** No record can be made of the row as it is: the system refuses it, by this field. */
  refused: { field: string; reason: string };
  writes_off: { operation: 'create' | 'update' | 'delete'; body?: Json; open?: true };
  pulls_off: { operation: 'create' | 'delete' } | { fields: string[] };
  /** `field`: the row lives, and its system is not to have it any more. */
  fuse: { operation?: 'delete'; direction: 'in' | 'out'; field?: string };
  /** The record was deleted, and the settings of its system leave the row to a person. */
  ask_delete: { operation?: 'delete'; direction: 'in' };
  alias_lives: { external_id: string; aliases: string[] };
  /**
   * The record was merged into `into`, which belongs to another row (`customer`), is gone too, or has
   * another installation's owner tag.
   */
  record_merged: { external_id: string; into: string; customer?: number; because?: MergedBecause };
}

/** Why a pair is parked, by its code; `failed` has the codes of the external system. */
interface ParkedDetails {
  missing: { external_id: string | null };
  delete_blocked: { external_id: string; why: string; field?: string };
  create_unknown: { message?: string; look?: string } & Partial<FailureDetail>;
  external_id_taken: { external_id: string; mapping: number };
  loop: { hops: number; message: string };
  /** So many requests were sent for one change, and the integration asks for one more. */
  unending: { requests: number; message: string };
  damaged: { column: DamagedColumn; why: string; message: string };
  row_refused: RefusedRow;
  row_swallowed: RefusedRow;
  /** A transform of the user's own cannot carry the value of a field; `message` has no part of it. */
  transform_failed: { transform: string; way: string; field: string; message: string };
  broken_off: {
    fault: string;
    about: string | null;
    at: string | null;
    since: Date | string | null;
    message: string;
  };
}

type Details = WaitingDetails &
  ParkedDetails & {
    /** The pair of a copied database belongs to the original (state `detached`). */
    copied: null;
  };

/** The record that a decision tried without success; it is kept beside any reason. */
type Tried = { external_id: string | null } & NotTaken;
type Member<Of, Code extends keyof Of> = Code extends keyof Of
  ? { code: Code; detail: Of[Code] extends null ? null | Tried : Of[Code] | (Of[Code] & Tried) }
  : never;

export type Waiting = Member<WaitingDetails, keyof WaitingDetails>;
export type Parked =
  | Member<ParkedDetails, keyof ParkedDetails>
  /** A code of the external system, or of a call to it, which is no closed list: `failure`. */
  | { code: 'failed'; failure: string; detail: FailureDetail };

export type Reason =
  | Waiting
  | Parked
  | Member<Details, 'copied'>
  /** In the table, and not written by this program: another program's, or changed by hand. */
  | { code: 'unknown'; stored: string; detail: Json | null };

export type ReasonCode = Reason['code'];

/** A delete waits for a decision of a person: the fuse holds it, or the settings of its system ask. */
export const HELD_DELETES = ['fuse', 'ask_delete'] as const satisfies Waiting['code'][];

type HeldDelete = Extract<Waiting, { code: (typeof HELD_DELETES)[number] }>;

export function isHeldDelete(reason: Reason | null): reason is HeldDelete {
  return reason !== null && HELD_DELETES.some((code) => code === reason.code);
}

const isFailure = hasMembers({ kind: isText, code: isText, message: isText });
const refusedRow = hasMembers({
  rule: orNull(isText),
  kind: isText,
  columns: isTexts,
  message: isText,
  says: ifThere(isText),
});
const nothing: Fits = (value) => value === null || isObject(value);
const customer = hasMembers({ customer: isNumber });
const notLinked = hasMembers({
  because: ifThere(isOneOf('identity_exists')),
  records: ifThere(isTexts),
  tried: ifThere(isText),
});
const tag = hasMembers({ mark: ifThere(isText) });
const operation = isOneOf('create', 'update', 'delete');

/** Whether a stored detail is of its code; a reason that the union gains has to be judged here too. */
const FITS: Record<keyof Details, Fits> = {
  not_linked: (detail) => detail === null || notLinked(detail),
  account_unread: nothing,
  ask_link: customer,
  duplicate_email: customer,
  restored: customer,
  chosen: nothing,
  reopened: nothing,
  lost_row: tag,
  left_alone: tag,
  not_imported: nothing,
  other_environment: nothing,
  lacks_field: hasMembers({ field: isText }),
  reference: hasMembers({
    field: isText,
    entity: isText,
    id: ifThere(isNumber),
    external_id: ifThere(isText),
    because: ifThere(isText),
  }),
  not_wanted: hasMembers({ field: isText }),
  refused: hasMembers({ field: isText, reason: isText }),
  writes_off: hasMembers({ operation }),
  pulls_off: hasMembers({ operation: ifThere(operation), fields: ifThere(isTexts) }),
  fuse: hasMembers({ direction: isOneOf('in', 'out'), field: ifThere(isText) }),
  ask_delete: hasMembers({ direction: isOneOf('in') }),
  alias_lives: hasMembers({ external_id: isText, aliases: isTexts }),
  record_merged: hasMembers({
    external_id: isText,
    into: isText,
    customer: ifThere(isNumber),
    because: ifThere(isOneOf('gone', 'other_environment')),
  }),
  missing: hasMembers({ external_id: orNull(isText) }),
  delete_blocked: hasMembers({ external_id: isText, why: isText, field: ifThere(isText) }),
  create_unknown: hasMembers({ message: ifThere(isText), look: ifThere(isText) }),
  external_id_taken: hasMembers({ external_id: isText, mapping: isNumber }),
  loop: hasMembers({ hops: isNumber, message: isText }),
  unending: hasMembers({ requests: isNumber, message: isText }),
  damaged: hasMembers({ column: isText, why: isText, message: isText }),
  row_refused: refusedRow,
  row_swallowed: refusedRow,
  transform_failed: hasMembers({ transform: isText, way: isText, field: isText, message: isText }),
  broken_off: hasMembers({ fault: isText, message: isText }),
  copied: nothing,
};

/** These reasons if their stored detail does not fit: a step then uses the code alone. */
const BARE: readonly Reason[] = [
  // No record is created for a row before a person consents, whatever its detail says.
  { code: 'not_linked', detail: null },
  { code: 'missing', detail: { external_id: null } },
  { code: 'create_unknown', detail: {} },
];

/**
 * The reason as it is stored. What this program did not write so becomes `unknown`, or the same
 * reason without its detail: a row that was changed by hand keeps back no other.
 */
export function toReason(stored: string | null, detail: unknown): Reason | null {
  if (stored === null) return null;
  const fits = Object.hasOwn(FITS, stored) ? FITS[stored as keyof Details] : null;
  if (fits?.(detail) === true) return { code: stored, detail } as Reason;
  const bare = BARE.find(({ code }) => code === stored);
  if (bare) return bare;
  if (isFailure(detail)) return { code: 'failed', failure: stored, detail: detail as FailureDetail };
  return { code: 'unknown', stored, detail: isObject(detail) ? detail : null };
}

/** The code as it is stored and shown. */
export function codeOf(reason: Reason): string {
  switch (reason.code) {
    case 'failed':
      return reason.failure;
    case 'unknown':
      return reason.stored;
    default:
      return reason.code;
  }
}

/**
 * The pair stays as it is, and the record that was tried is stored beside its reason. A record that
 * the reason names is not replaced: it may be the reason why no other record is created.
 */
export function withTried(reason: Reason | null, { external_id: externalId, ...notTaken }: Tried): Reason {
  const kept: Reason = reason ?? { code: 'missing', detail: { external_id: externalId } };
  const detail: unknown = { external_id: externalId, ...kept.detail, ...notTaken };
  // The detail of every reason allows the record that was tried beside its own values.
  return { ...kept, detail } as Reason;
}
