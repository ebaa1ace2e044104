// Changes a pair's state, reason, consent, ending and decision: one small function for each outcome
// of a step. The compiler lets no other code change these columns (`MappingChanges`), except for
// the statements in the files beside this one.
//
// Consent and decision stay unless the outcome carries them out. So a wait, a parking, a try
// that is put off and a step that broke off name neither.
import type { Ending } from '../consent.ts';
import type { Mapping, MappingState } from '../mappings.ts';
import { withTried, type Parked, type Waiting } from '../reason.ts';

export type StateColumn = 'state' | 'reason' | 'consent' | 'ending' | 'decision';

declare const byOutcome: unique symbol;
/** Made by the functions of this file alone. */
export type StateChange = Partial<Pick<Mapping, StateColumn>> & { readonly [byOutcome]: true };

const change = (columns: Partial<Pick<Mapping, StateColumn>>): StateChange => columns as StateChange;

/** Nothing is wrong with the pair, and a consent to it is carried out. */
const atPeace = { reason: null, consent: null, ending: null } as const;

/**
 * A write of ours took effect. A decision that is not carried out yet stays; `lives`: the record was
 * read, so no delete of it is held that could be released.
 */
export function written({ decision }: Mapping, { lives }: { lives: boolean }): StateChange {
  const isOver = lives && decision?.kind === 'release';
  return change({ state: 'linked', ...atPeace, ...(isOver && { decision: null }) });
}

/** Both sides agree, or the record was found: nothing is left that a decision could be about. */
export function linked(): StateChange {
  return change({ state: 'linked', ...atPeace, decision: null });
}

/** The record has become a new row of ours. */
export function imported(): StateChange {
  return change({ state: 'linked', ...atPeace });
}

export function ended(state: 'tombstoned' | 'detached', ending: Ending | null = null): StateChange {
  return change({ state, ...atPeace, ending, decision: null });
}

/**
 * A pair that waited or was parked is tried again, and was postponed: consent and decision stay.
 */
export function triedAgain({ externalId, internalId }: Mapping): StateChange {
  return change({ state: externalId === null || internalId === null ? 'pending' : 'linked', reason: null });
}

/** Nothing of it changes. */
export function asItWas(): StateChange {
  return change({});
}

export function waiting(mapping: Mapping, reason: Waiting): StateChange {
  return change({
    state: 'waiting',
    reason,
    ...(isAnswer(mapping, reason) && { consent: null }),
  });
}

/** The system is not to have the row: a release of a held delete is over, and a consent stays. */
export function notWanted({ decision }: Mapping, field: string): StateChange {
  return change({
    state: 'waiting',
    reason: { code: 'not_wanted', detail: { field } },
    ...(decision?.kind === 'release' && { decision: null }),
  });
}

/**
 * Whether the reason is the answer to the consent: the record that it named is not to be had, a
 * record was found where it said that there is none, or the record's email belongs to another row.
 */
function isAnswer({ consent }: Mapping, reason: Waiting): boolean {
  switch (reason.code) {
    case 'not_linked':
      return reason.detail?.tried !== undefined || reason.detail?.records !== undefined;
    case 'ask_link':
    case 'duplicate_email':
      return consent?.to === 'customer' && consent.customer !== reason.detail.customer;
    default:
      return false;
  }
}

export function parked(reason: Parked): StateChange {
  return change({ state: 'parked', reason });
}

/** The record that was to be linked is another row's: that is asked by its id from now on. */
export function parkedAsTaken(detail: { external_id: string; mapping: number }): StateChange {
  return change({
    state: 'parked',
    reason: { code: 'external_id_taken', detail },
    ...{ consent: null, decision: null },
  });
}

/**
 * A decision could not be carried out: the pair keeps its state, and a pair that was reopened for
 * it has ended again.
 */
export function refused(
  mapping: Mapping,
  { tried, why }: { tried: string; why: string },
): StateChange & { state: MappingState } {
  const { ending, externalId } = mapping;
  const after =
    ending === null
      ? {
          state: mapping.state === 'waiting' ? ('waiting' as const) : ('parked' as const),
          reason: withTried(mapping.reason, { external_id: externalId, tried, why }),
        }
      : { ...endedBefore(ending, { tried, why }), reason: null };
  return change({ ...after, decision: null }) as StateChange & { state: MappingState };
}

function endedBefore(
  ending: Ending,
  notTaken: { tried: string; why: string },
): { state: 'tombstoned' | 'detached'; ending: Ending | null } {
  return ending.kind === 'tombstoned'
    ? { state: 'tombstoned', ending: null }
    : { state: 'detached', ending: { ...ending, refused: notTaken } };
}

/** A person decided that the row has no record, and none was ever created: one is created now. */
export function begunAnew(): StateChange {
  return change({ state: 'pending', ...atPeace, decision: null });
}

/** The record is a second one of a row. */
export function alias(): StateChange {
  return change({ state: 'alias', ...atPeace });
}

/** A second record was looked at, and is what it was. */
export function aliasStays(): StateChange {
  return change({ reason: null });
}

/** A second record was deleted at the system. */
export function aliasGone(): StateChange {
  return change({ state: 'tombstoned', ...atPeace });
}

/** A record of a deleted row lives again: it has no row until a person decides. */
export function restoredAlone(customer: number): StateChange {
  return change({
    state: 'waiting',
    ...{ ...atPeace, reason: { code: 'restored', detail: { customer } }, decision: null },
  });
}

/** A second record is a person of its own: it is matched as any unmatched record. */
export function unmatchedAgain(): StateChange {
  return change({ state: 'pending', ...atPeace });
}
