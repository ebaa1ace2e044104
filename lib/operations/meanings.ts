// What a failure or a reason means, and how it is cured: the one table that error groups, the API and
// commands show. A system's own codes stand in its folder (SystemDefinition.failures); a code that
// neither has is explained by the kind of the failure.
import type { ReasonCode } from '../../db/mappings/reason.ts';
import type { Meaning } from '../integrations/failure-meaning.ts';
import type { FailureKind } from '../integrations/integration.ts';
import { labelOf, systems } from '../integrations/registry.ts';

export type { Meaning };

const BY_ITSELF = 'Nothing: it goes on by itself.';
const DECIDE =
  'Decide with `npx twinbox resolve CUSTOMER`; `npx twinbox explain customer ID` shows the choices.';
const CHOOSE = 'Choose with `npx twinbox link CUSTOMER --record ID`.';
const REPLAY = 'then `npx twinbox replay`';

/** Why pairs wait or are parked; a code that the union of reasons gains does not compile without a line. */
const REASONS: Record<Exclude<ReasonCode, 'failed' | 'unknown'>, Meaning> = {
  not_linked: {
    means: 'The customer has no record, and none is made or linked before a person consents.',
    cure: '`npx twinbox link --dry-run`, then `npx twinbox link --all`; or one with --record or --create.',
  },
  account_unread: { means: 'The records of the account are still being read.', cure: BY_ITSELF, all: true },
  ask_link: {
    means: 'The record has the identity of a customer of ours, such as the email; a person has to consent.',
    cure: '`npx twinbox link MAPPING`.',
  },
  duplicate_email: {
    means:
      'The record has the identity of a customer, such as the email, and the settings forbid links by it.',
    cure: 'Correct one of the two, or link them by hand.',
  },
  restored: {
    means: 'The record lives again after its customer was deleted.',
    cure: '`npx twinbox link --import` or `--leave` with the system.',
  },
  chosen: { means: 'A person chose the record; a worker carries it out.', cure: BY_ITSELF },
  reopened: { means: 'The pair was opened again for a decision of a person.', cure: BY_ITSELF },
  lost_row: { means: 'The owner tag of the record names a row that is not in our table.', cure: DECIDE },
  left_alone: {
    means: 'A person left the record without a customer.',
    cure: '`npx twinbox link --import` with the system, if it is wanted after all.',
  },
  not_imported: {
    means: 'The settings create no customer for a record that belongs to none.',
    cure: 'Turn imports on, or `npx twinbox link --import` with the system.',
  },
  other_environment: {
    means: 'The record belongs to another installation.',
    cure: 'Nothing, unless that installation is gone.',
  },
  lacks_field: {
    means: 'The record lacks a value that our table requires.',
    cure: 'Give the record the value at the system.',
  },
  reference: {
    means: 'A field names a row or a record that has no counterpart yet.',
    cure: 'Look at the pair of what the field names; this one follows by itself.',
  },
  not_wanted: {
    means: 'The condition of the mapping leaves the customer out.',
    cure: 'Nothing: this is no fault.',
  },
  refused: { means: 'No record can be made of the row as it is.', cure: 'Correct the field in our table.' },
  writes_off: {
    means: 'Writes to the system are off in the settings, or outbound is paused.',
    cure: '`npx twinbox lanes` says which: `npx twinbox resume SYSTEM --direction outbound`, or turn writes on and restart the workers.',
    all: true,
  },
  pulls_off: {
    means: 'Writes into our table are off in the settings, or inbound is paused.',
    cure: '`npx twinbox lanes` says which: `npx twinbox resume SYSTEM --direction inbound`, or turn pulls on and restart the workers.',
    all: true,
  },
  fuse: {
    means: 'Many deletes came together, and the fuse holds them.',
    cure: '`npx twinbox deletes SYSTEM` with --release, --take-back or --detach.',
  },
  ask_delete: {
    means: 'The record was deleted, and the settings leave the row to a person.',
    cure: '`npx twinbox deletes SYSTEM` with --release, --take-back or --detach.',
  },
  alias_lives: {
    means: 'The record was deleted, and another record of the customer lives.',
    cure: 'Choose with `npx twinbox link CUSTOMER --record ID` or --accept-deletion.',
  },
  record_merged: {
    means: 'The record was merged into one that this customer cannot have.',
    cure: '`npx twinbox link CUSTOMER --accept-deletion`, or `npx twinbox resolve CUSTOMER`.',
  },
  missing: {
    means: 'The system does not have the record, and does not say that it was deleted.',
    cure: 'Look whether the key is of the right account; then `npx twinbox resolve CUSTOMER`.',
  },
  delete_blocked: {
    means: 'The record stays because something depends on it, such as a subscription.',
    cure: `End what depends on it at the system, ${REPLAY}.`,
  },
  create_unknown: {
    means: 'It cannot be found out whether a request has created the record.',
    cure: `Look at the system; ${CHOOSE.charAt(0).toLowerCase()}${CHOOSE.slice(1)}`,
  },
  external_id_taken: { means: 'The record belongs to another customer.', cure: DECIDE },
  loop: {
    means: 'A change kept coming back as a new change.',
    cure: `Look for another program that changes the same value; ${REPLAY}.`,
  },
  unending: {
    means: 'One change took more requests than any should: the integration has a fault.',
    cure: `Correct the integration, ${REPLAY}.`,
  },
  damaged: {
    means: 'A row of external_mappings was changed by hand.',
    cure: '`npx twinbox explain mapping ID` names the column.',
  },
  row_refused: {
    means: 'A rule of our table refuses a value of the system.',
    cure: 'Correct the value at the system, or change the rule.',
  },
  row_swallowed: {
    means: 'Our table dropped a value of the system without an error.',
    cure: `Correct the trigger, rule or policy of the table, ${REPLAY}.`,
  },
  transform_failed: {
    means: 'A transform of the configuration cannot carry a value.',
    cure: 'Correct the value, or the transform and start the workers again: the pair goes on by itself.',
  },
  broken_off: {
    means: 'Every step for the pair broke off by a fault.',
    cure: `Look at the log of the worker, ${REPLAY}.`,
  },
  copied: { means: 'The pair belongs to the database that this one is a copy of.', cure: 'Nothing.' },
};

/** The reasons for which a pair waits and goes on by itself: it needs no person. */
export function reasonsAlone(): string[] {
  return Object.entries({ ...REASONS, ...OWN }).flatMap(([code, { cure }]) =>
    cure === BY_ITSELF ? [code] : [],
  );
}

/** Waits that Twinbox decides on itself, in the form of failures. */
const OWN: Readonly<Record<string, Meaning>> = {
  no_token: { means: 'The rate of the account was used up.', cure: BY_ITSELF, all: true },
  quota_used_up: { means: 'The rest of the quota is kept for edits.', cure: BY_ITSELF, all: true },
  account_rests: {
    means: 'The quota of the account is used up.',
    cure: 'Nothing; `npx twinbox resume SYSTEM` if the quota is larger by now.',
    all: true,
  },
  reconnect: {
    means: 'The account has to be connected again.',
    cure: '`npx twinbox credentials set SYSTEM`.',
    all: true,
  },
  credential_not_renewed: {
    means: 'The credential could not be renewed.',
    cure: '`npx twinbox credentials show`.',
    all: true,
  },
  better_record_first: { means: 'The customer waits until a better record was looked at.', cure: BY_ITSELF },
  other_record_first: { means: 'Another record of the same customer is looked at first.', cure: BY_ITSELF },
  email_moves: { means: 'Another customer gives up the same email; this one follows.', cure: BY_ITSELF },
  identity_moving: { means: 'Another customer gives up the same email; this one follows.', cure: BY_ITSELF },
  link_waits: { means: 'The pair waits for a link that is under way.', cure: BY_ITSELF },
};

const KINDS: Record<FailureKind, Meaning> = {
  retry: { means: 'The call failed and may succeed later.', cure: BY_ITSELF },
  throttle: {
    means: 'More requests than the system allows.',
    cure: 'Nothing; lower the rate if it goes on for hours.',
    all: true,
  },
  lock: { means: 'The record is in use by another request.', cure: BY_ITSELF },
  indeterminate: { means: 'No clear answer came; the request may have taken effect.', cure: BY_ITSELF },
  spent: {
    means: 'The key of the request can never be used again.',
    cure: 'Nothing: Twinbox sends the change under a new key.',
  },
  conflict: { means: 'The record is not as it was when the change was decided.', cure: BY_ITSELF },
  quota: { means: 'The quota is used up.', cure: BY_ITSELF, all: true },
  permanent: {
    means: 'The system refuses the request as it is.',
    cure: `Correct the value, or its cause at the system, ${REPLAY}.`,
  },
  auth: {
    means: 'The system does not accept the credential.',
    cure: 'Correct the credential: `npx twinbox doctor`.',
    all: true,
  },
  gone: { means: 'The system does not have the record.', cure: DECIDE },
};

const UNKNOWN: Meaning = {
  means: 'A reason that this version of Twinbox does not know.',
  cure: '`npx twinbox explain customer ID` shows what is stored.',
};

/** The whole table, without the codes of systems: for docs/error-groups.md. */
export const meanings: Readonly<Record<'reasons' | 'waits' | 'kinds', Readonly<Record<string, Meaning>>>> = {
  reasons: REASONS,
  waits: OWN,
  kinds: KINDS,
};

export type CodeOf = { system: string; code: string; kind: string | null };

/** The code's own line, if the table has one; else the line of its kind. */
export function meaningOf(about: CodeOf): Meaning {
  const own = ownMeaning(about);
  if (own) return own;
  const { kind } = about;
  return kind !== null && Object.hasOwn(KINDS, kind) ? KINDS[kind as FailureKind] : UNKNOWN;
}

/** Null if the table has no line for the code itself. */
export function ownMeaning({ system, code }: Omit<CodeOf, 'kind'>): Meaning | null {
  const failures = systems.all.find(({ name }) => name === system)?.failures ?? {};
  for (const table of [failures, REASONS as Readonly<Record<string, Meaning>>, OWN])
    if (Object.hasOwn(table, code)) return table[code] ?? null;
  return null;
}

/** The name of a group for people: what it is about. */
export function groupTitle({
  system,
  code,
  field,
}: {
  system: string;
  code: string;
  field: string | null;
}): string {
  return `${labelOf(system)}: ${code}${field === null ? '' : ` (${field})`}`;
}
