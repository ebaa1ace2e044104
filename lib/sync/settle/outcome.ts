// How a step ends, as data. settle/writes.ts says what each outcome writes, and settle/settle.ts writes it.
import type { DeliveryChange } from '../../../db/deliveries.ts';
import type { IntentResult } from '../../../db/closed-intents.ts';
import type { Ending } from '../../../db/mappings/consent.ts';
import type { OpenIntent } from '../../../db/mappings/mappings.ts';
import type { FailureDetail, Parked, Reason, Waiting } from '../../../db/mappings/reason.ts';
import type { MappingChanges } from '../../../db/mappings/writes/update.ts';
import type { SettledDelivery } from '../../measures.ts';
import type { Failure, Written } from '../../integrations/integration.ts';
import type { Conflict } from '../merge.ts';
import type { Merged } from '../merged.ts';
import type { Shadow } from '../shadow.ts';

export type Outcome =
  /** Our write took effect. Without `merged` it finished an intent of before, and the step begins again. */
  | { kind: 'answered'; intent: OpenIntent; written: Written; merged: Merged | null }
  /** The merge found nothing to write. */
  | { kind: 'agreed'; merged: Merged }
  /** The pair ended: we deleted at the system, or it had nothing to delete, or they deleted. */
  | {
      kind: 'ended';
      state: 'tombstoned' | 'detached';
      by: 'ours' | 'theirs';
      intent: OpenIntent | null;
      written: Written | null;
      /** Why it ended on purpose, if the row lives on. */
      ending?: Ending;
      /** The row gets a new pair, without a record, and with its changes that are not settled. */
      succeeded?: true;
    }
  /**
   * An intent is closed without effect that we know of, but for what of it `stands` in the record;
   * the step begins again. `stale`: it was refused because the record has another version.
   */
  | {
      kind: 'abandoned';
      intent: OpenIntent;
      result: IntentResult;
      mustRead: boolean;
      stands?: Shadow;
      stale?: true;
    }
  /** Not now: what is open stays open. */
  | { kind: 'postponed'; failure: Failure; notBefore: Date | null; spent: boolean }
  | { kind: 'parked'; reason: Parked; refused: OpenIntent | null }
  /**
   * The row's counterpart existed already: the pair is linked, and the step begins again with a
   * read. `by` made it; `withoutBase`: or another request did, with other values, so nothing is known
   * of what the two sides agreed on, and they meet as for the first time.
   */
  | {
      kind: 'found';
      externalId: string;
      by?: OpenIntent | null;
      withoutBase?: true;
      /** A create that was refused since this record exists. */
      refused?: OpenIntent;
    }
  /** An inbound event is about another record, which looks for itself; the step begins again without it. */
  | { kind: 'passed_on'; externalId: string }
  /** Edits of theirs that our writes covered are kept as conflicts; the step begins again. */
  | { kind: 'covered'; conflicts: Conflict[] }
  | AliasOutcome
  | MergedOutcome
  /** `refused`: the system refused this request, and that is why it waits. */
  | { kind: 'waiting'; reason: Waiting; refused?: OpenIntent }
  /**
   * The system is not to have the row, by this field. `merged`: this claim has pulled the values that
   * made it so.
   */
  | {
      kind: 'not_wanted';
      field: string;
      echoes: { eventId: string; intentId: string }[];
      merged: Merged | null;
    }
  | RestoredOutcome
  | DecisionOutcome
  /** A mapping that has nothing to do any more answers for its external id. */
  | { kind: 'stale'; echoes: { eventId: string; intentId: string }[]; conflicts: Conflict[] };

/**
 * A record that had been archived lives again. `pair`: its pair goes on, and the step begins again.
 * `unmatched`: its row has another record, or it never had one; the step begins again as for any
 * unmatched record. `alone`: its row was deleted, so it waits for a person, and its owner tag does not
 * count any more.
 */
export type RestoredOutcome =
  | { kind: 'restored'; to: 'pair' | 'unmatched' }
  | { kind: 'restored'; to: 'alone'; customer: number; ownerTag: string | null };

/** About a second record of a row. */
export type AliasOutcome =
  /** A second record for a row that has its counterpart. `email`: the record's, as it was read. */
  | {
      kind: 'alias';
      customerId: number;
      primary: string | null;
      email: string | null;
      /** Edits of theirs that our writes covered. */
      covered: Conflict[];
    }
  /** It was looked at, and is what it was. */
  | {
      kind: 'alias_stays';
      identity: string | null;
      echoes: { eventId: string; intentId: string }[];
      conflicts: Conflict[];
    }
  /**
   * The record was deleted at the system; or it has an email of its own, and the step begins again
   * as for any unmatched record.
   */
  | { kind: 'alias_left'; to: 'gone' }
  | { kind: 'alias_left'; to: 'unmatched'; ownerTag: string | null };

/** About a record that was merged into another one at the system. */
export type MergedOutcome = MergedSeen &
  (
    | { kind: 'moved'; from: string; into: string }
    | { kind: 'merged_waits'; reason: Extract<Waiting, { code: 'record_merged' }> }
    | { kind: 'merged_away'; into: string; customerId: number | null }
  );

/**
 * `moved`: the pair goes on with the winner, and the step begins again with a read. `merged_waits`: a
 * person decides what becomes of the row. `merged_away`: the record was no row's primary one;
 * `customerId`: the row whose record the winner is, or null.
 */
type MergedSeen = {
  echoes: { eventId: string; intentId: string }[];
  /** Edits of theirs that our writes covered: nothing is merged with the loser any more. */
  covered: Conflict[];
};

/** About a person's decision. */
export type DecisionOutcome =
  /**
   * The record that a person said is gone exists: the decision is over, and the pair is read again.
   */
  | { kind: 'still_there' }
  /** A person said that the row has no record, and it is linked with none: one is made. */
  | { kind: 'begun_anew' }
  /** An intent that no step can finish is closed, because a person's decision makes it void. */
  | { kind: 'set_aside' }
  /** A person's decision names a record that cannot be taken: the pair stays where it was. */
  | { kind: 'refused'; tried: string; why: string };

export interface Effects {
  mapping: MappingChanges;
  deliveries: DeliveryChange[];
  closed: { intent: OpenIntent; result: IntentResult; written: Written | null } | null;
  conflicts: Conflict[];
  /** The pair is linked for the first time, to this external id. */
  linked: string | null;
  /** The record that the pair had before `linked`, which was merged into that one. */
  movedFrom: string | null;
  parked: Reason | null;
  /** Echoes whose previous values have been looked at: intent -> event. */
  checked: { intentId: string; eventId: string }[];
  /** Echoes, which confirm the deliveries that their intents carried. */
  confirmed: { intentId: string; eventId: string }[];
  /** An alias is no second record of its row any more: a primary that waited because of it looks again. */
  leavesRow: boolean;
  /** The row of the pair, which has ended, gets a new pair without a record. */
  succeeded: boolean;
  /** The lease ends; else the step begins again under it. */
  release: boolean;
  /** What the transaction stored of the deliveries, and how old those were that an echo confirms. */
  settled: SettledDelivery[];
  echoed: number[];
}

export function errorRow(failure: Failure): FailureDetail {
  const { kind, code, message, status, requestId, field, existing } = failure;
  const named = existing.length > 0 && { existing: [...existing] };
  return { kind, code, message, status, request_id: requestId, field, ...named };
}
