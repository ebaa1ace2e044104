// The plan of the first link as data: the record of each row, and what is done with every other
// record.
import type { ChosenBy } from '../sync/choose-record.ts';

/**
 * Why a record was not taken for the row: another record has the row's owner tag, the row is linked
 * with another record already, or the rule decided.
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
  /** Why the linked pair waits, such as `writes_off`; null if both sides will agree. */
  waits: string | null;
  /** Other records that claimed the row, each with the reason why it was not taken. */
  over: { externalId: string; by: NotTaken }[];
};

export type PlannedRow = {
  customer: number;
  mapping: number | null;
  /** Why no record is created for the row yet; null if a record is created. */
  waits: string | null;
};

export interface LinkPlan {
  pairs: Map<number, PlannedPair>;
  /** Rows with a consent that a record is created for them. */
  creates: PlannedRow[];
  /** Rows that were deleted while they waited: their pairs end without a call. */
  ended: number[];
  /** How many rows have a consent that is not carried out yet. */
  underWay: number;
  /**
   * How many rows have no record and do not wait for the first link: their create is not settled,
   * or they are stopped for another reason.
   */
  pending: number;
  /**
   * Second records, and why another record was taken. `customer`: the customer to whom they belong;
   * null if this customer is still to be made of the other record.
   */
  aliases: { externalId: string; customer: number | null; by: NotTaken }[];
  /** Unmatched records, which become rows of ours. */
  imports: string[];
  /** Records that are linked with rows that do not wait for the first link. */
  matches: string[];
  /** Records that stay without a row, each with the reason. */
  others: { externalId: string; why: string }[];
  /** How many records have the owner tag of another installation, or were linked before. */
  elsewhere: number;
  known: number;
}
