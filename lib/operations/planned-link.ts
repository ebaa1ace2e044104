// The plan of the first link as data: the record of each row, and what is done with every other
// record.
import type { ChosenBy } from '../sync/choose-record.ts';

/**
 * Why a record was not taken for the row: the other one bears its owner tag, the row is linked with
 * another one already, or the rule.
 */
export type NotTaken = 'mark' | 'linked' | ChosenBy;

/** What the link changes in a pair: names of fields, never values. */
export interface PairChanges {
  /** Empty fields that the link fills: in our row (`here`), in their record (`there`). */
  here: string[];
  there: string[];
  /**
   * Both sides have different values: the field's rule decides, and a conflict keeps the other
   * value.
   */
  conflicts: { field: string; winner: 'ours' | 'theirs' | 'neither' }[];
}

export type PlannedPair = {
  customer: number;
  /** null: no event of the row has been received yet. */
  mapping: number | null;
  externalId: string;
  by: 'mark' | 'email';
  changes: PairChanges;
  /** Why the pair waits once it is linked, such as `writes_off`; null where both sides will agree. */
  waits: string | null;
  /** Other records that asked for the row, each with why it was not taken. */
  over: { externalId: string; by: NotTaken }[];
};

export type PlannedRow = {
  customer: number;
  mapping: number | null;
  /** Why no record is made for it yet; null where one is. */
  waits: string | null;
};

export interface LinkPlan {
  pairs: Map<number, PlannedPair>;
  /** Rows that get consent to have a record made. */
  creates: PlannedRow[];
  /** Rows that were deleted while they waited: they end without a call. */
  ended: number[];
  /** How many rows have a consent that is not carried out yet. */
  underWay: number;
  /**
   * How many rows have no record and wait for nothing that a link decides: their create is not
   * settled, or they are stopped for another reason.
   */
  pending: number;
  /**
   * Second records, and why another one was taken. `customer`: the one that they are second records
   * of; null where that is made of the other record.
   */
  aliases: { externalId: string; customer: number | null; by: NotTaken }[];
  /** Unmatched records, which become rows of ours. */
  imports: string[];
  /** Records that are linked with rows which wait for no first link. */
  matches: string[];
  /** Records that stay without a row, each with the reason for which it waits. */
  others: { externalId: string; why: string }[];
  /** Records with another installation's owner tag, and those that were linked before. */
  elsewhere: number;
  known: number;
}
