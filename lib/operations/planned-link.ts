// The plan of the first link as data: which record each row gets, and what becomes of every other record.
import type { ChosenBy } from '../sync/choose-record.ts';

/** Why a record was not taken for the row: the other one bears its owner tag, or the rule. */
export type NotTaken = 'mark' | ChosenBy;

/** What becomes of the values of a pair: names of fields, never values. */
export interface PairChanges {
  /** Blanks that the link fills: ours from their record, theirs from our row. */
  here: string[];
  there: string[];
  /** Both have a value, and not the same: the field's rule decides, and a conflict row keeps the other. */
  conflicts: { field: string; winner: 'ours' | 'theirs' | 'neither' }[];
}

export type PlannedPair = {
  customer: number;
  /** null: no event of the row has been received yet. */
  mapping: number | null;
  externalId: string;
  by: 'mark' | 'email';
  changes: PairChanges;
  /** Other records that asked for the row, each with why it was not taken. */
  over: { externalId: string; by: NotTaken }[];
};

export interface LinkPlan {
  pairs: Map<number, PlannedPair>;
  /** Rows for which a record is made. */
  creates: { customer: number; mapping: number | null }[];
  /** Rows that were deleted while they waited: they end without a call. */
  ended: number[];
  /** Rows whose consent was given before and is not carried out yet. */
  underWay: number;
  /**
   * Rows without a record that wait for nothing that a link decides: on their way, or stopped for
   * another reason.
   */
  pending: number;
  /** Second records, with the customer whose email they have, and why another one was taken. */
  aliases: { externalId: string; customer: number; by: NotTaken }[];
  /** Unmatched records, which become rows of ours. */
  imports: string[];
  /** Records that are looked at and will wait, or be decided then. */
  others: { externalId: string; why: 'no_email' | 'lost_row' | 'marked' | 'email_taken' | 'not_imported' }[];
  /** Records with another installation's owner tag, and those that were linked before. */
  elsewhere: number;
  known: number;
}
