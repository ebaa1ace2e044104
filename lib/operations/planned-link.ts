// The plan of the first link as data: the record of each row, and what is done with every other
// record.
import type { ChosenBy } from '../sync/choose-record.ts';

/** Why a record was not taken: the other record has the row's owner tag, or the rule decided. */
export type NotTaken = 'mark' | ChosenBy;

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
  /** Other records that claimed the row, each with the reason why it was not taken. */
  over: { externalId: string; by: NotTaken }[];
};

export interface LinkPlan {
  pairs: Map<number, PlannedPair>;
  /** Rows for which a record is created. */
  creates: { customer: number; mapping: number | null }[];
  /** Rows that were deleted while they waited: their pairs end without a call. */
  ended: number[];
  /** How many rows have a consent that is not carried out yet. */
  underWay: number;
  /**
   * How many rows have no record and wait for nothing that a link decides: their create is not
   * settled, or they are stopped for another reason.
   */
  pending: number;
  /** Second records, with the customer whose email they have, and why another record was taken. */
  aliases: { externalId: string; customer: number; by: NotTaken }[];
  /** Unmatched records, which become rows of ours. */
  imports: string[];
  /** Records that a step looks at, and that then wait or are decided. */
  others: { externalId: string; why: 'no_email' | 'lost_row' | 'marked' | 'email_taken' | 'not_imported' }[];
  /** How many records have the owner tag of another installation, or were linked before. */
  elsewhere: number;
  known: number;
}
