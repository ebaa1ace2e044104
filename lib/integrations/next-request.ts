// The part of the contract about changes that need several requests, or that a record may forbid.
import type { Fields } from '../catalogue/document.ts';

/** What the engine knows when it asks for the next request of a change. Names and values are external. */
export interface NextQuestion {
  /** What the mapped fields of the record should hold. */
  ours: Fields;
  /** What they held when it was last known; null before the record is there. */
  theirs: Fields | null;
  /** The fields of ours that are not there yet; never empty. */
  push: readonly string[];
}

/**
 * `carry`: one request, which leaves these values in the record. Each field is one of `push`; its
 * value is ours, or one on the way to ours. `as`: an operation of the system's own that the request
 * is; it is given to `body`. `refuse`: what the record is now forbids to change this field; `reason` is
 * a short stable name for people. null: no request can be made for any of `push`.
 */
export type NextAnswer =
  | { carry: Fields; as?: string }
  | { refuse: { field: string; reason: string } }
  | null;

export interface NextRequest {
  /**
   * The one request that brings the record nearer to ours, in a system where a change may need
   * several, or where a record may forbid one. Asked before each create and each update with fields,
   * and again after its answer, until nothing is left. Pure: the same question has the same answer.
   * Left out: one request carries every field. A request that the record forbids by now is to be
   * classified as `conflict`: the record is then read, and `next` is asked anew.
   */
  next?(question: NextQuestion): NextAnswer;
}
