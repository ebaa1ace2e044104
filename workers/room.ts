// How many mappings a lane may claim at once: by its places, by the rate tokens that are left, and so
// that no class of mappings takes the places of another.
import type { Claimed, ClaimRoom } from '../db/mappings/claims.ts';
import { urgencies } from '../db/urgency.ts';
import type { Guards } from '../lib/limits/guarded.ts';

/**
 * Mappings whose record has to be created and mappings with a record have a line each. Neither line
 * may take all places from the other.
 */
const LINE_PART = 0.75;
/**
 * The places for echoes, as a part of the others' places and in addition to them: echoes wait for
 * no token.
 */
const ECHO_PART = 0.25;
/**
 * One of this many claims takes the mapping that has been due longest, so that no class waits for
 * ever behind a more urgent one.
 */
export const LONGEST_EVERY = 8;

export interface LaneUse {
  /** How many mappings the lane may work on, echoes aside. */
  places: number;
  /** In hand: all but echoes, those among them that make a record, and echoes. */
  others: number;
  makes: number;
  echoes: number;
  /** The number of claims since the last one of the mapping that had been due longest. */
  sinceLongest: number;
}

/**
 * How many mappings of each line may be claimed. The account's tokens count for both lines, the
 * tokens for creates for one, and echoes need none.
 */
export async function roomFor({ limiter }: Guards, use: LaneUse): Promise<ClaimRoom> {
  const places = use.places - use.others;
  const { calls, creates } = limiter ? await limiter.room() : { calls: places, creates: places };
  const line = Math.ceil(use.places * LINE_PART);
  const most = (busy: number, tokens: number): number => Math.max(0, Math.min(places, line - busy, tokens));
  const limit = Math.min(places, calls);
  return {
    limit,
    creates: most(use.makes, creates),
    others: most(use.others - use.makes, calls),
    echoes: Math.max(0, Math.ceil(use.places * ECHO_PART) - use.echoes),
    longest: Math.floor((use.sinceLongest + limit) / LONGEST_EVERY),
  };
}

/**
 * Whether the mapping was claimed without a token, because its event is an echo of our own write or
 * is about a pair that has ended.
 */
export function isEcho({ makes, urgency }: Claimed): boolean {
  return !makes && urgency === urgencies.echo;
}

/** Whether a claim could have taken one more of each line and of the echoes, so that nothing else was due. */
export function hadRoom(room: ClaimRoom, claims: readonly Claimed[]): boolean {
  const others = claims.filter((claimed) => !isEcho(claimed));
  const makes = others.filter(({ makes: isMade }) => isMade).length;
  return (
    others.length < room.limit &&
    makes < room.creates &&
    others.length - makes < room.others &&
    claims.length - others.length < room.echoes
  );
}
