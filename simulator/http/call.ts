/**
 * One call as the handlers see it. A handler is a plain synchronous function: it reads the account,
 * adds operations to `ops`, and returns the answer or refuses by throwing (errors.ts). Nothing is
 * changed until the pipeline commits these operations together with the idempotency key and the
 * ledger entry.
 */
import type { AccountState, Op } from '../store/store.ts';
import type { Params } from './form.ts';

export type Rules = {
  /** The account's default API version, in which events are shown. */
  apiVersion: string;
  /** How long search does not find a change, ms. */
  searchDelayMs: number;
  /** How long the list of events does not show an event, ms. */
  eventsTipLagMs: number;
  /** Whether an object that was deleted meanwhile may still be used as a cursor. */
  deletedCursors: boolean;
  /**
   * Whether an address or a shipping in a request replaces the stored one, instead of being merged
   * into it member by member.
   */
  replacesHashes: boolean;
  /** Whether white space around names and emails is removed before they are stored. */
  trimsText: boolean;
  /** Whether webhook endpoints may be on other machines. */
  remoteWebhooks: boolean;
};

export type Call = {
  account: AccountState;
  params: Params;
  /** The id in the path, an empty string if the route has none. */
  id: string;
  /** ms of the simulator's clock. */
  now: number;
  request: { id: string | null; idempotency_key: string | null };
  rules: Rules;
  ops: Op[];
};

export type Reply = { body: object; status?: number; customer?: string };

export type Handler = (call: Call) => Reply;

export function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

export function takeSeq(call: Call): number {
  return call.account.nextSeq++;
}
