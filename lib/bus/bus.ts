// The one way in which events travel between processes. Two adapters, in-process and Kafka, pass
// the same contract (test/lib/bus/contract.ts).
//
// Guarantees: what publish has answered is durable or done; messages of one key and topic arrive in
// the order in which they were published; at least once. Assumes: a caller that had a rejection
// publishes the same messages again, in the same order.

export type Message = {
  topic: string;
  /** Messages of one key stay in order. */
  key: string;
  value: string;
  headers: Readonly<Record<string, string>>;
  eventId: string;
  /** The id of its row in sync_events. */
  syncEventId: number;
};

/** Where a message came to lie. The topic has the name that people see: with a prefix, where there is one. */
export type Published = { topic: string; partition: number; offset: number };

export type Received = {
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  /** Not ours to trust: see parseEnvelope. Null for a record without a value. */
  value: string | null;
  headers: Readonly<Record<string, string>>;
  /** From the headers; null in a foreign record. */
  eventId: string | null;
  /** From the headers; null in a foreign record, and where only the id is sent as a header. */
  syncEventId: number | null;
  /** Whose record it is, by its header; null without that header. */
  installation: string | null;
  /** When the record was made, in milliseconds since 1970, as its producer says; null in process. */
  timestamp: number | null;
};

/** Gets messages of one topic in order, a batch at a time; a batch whose handler throws comes again. */
export type Handler = (batch: readonly Received[]) => Promise<void>;

export type Subscription = {
  topic: string;
  /** Every group gets every message; the members of one group share them. */
  group: string;
  handler: Handler;
};

export type BusHealth = {
  /** Why it cannot do its work now, since when, and what was met last; null while it can. */
  problem: string | null;
};

/**
 * One partition, as a group sees it: it has done with all before `next`; there are the offsets from
 * `low` to below `high`.
 */
export type PartitionProgress = {
  /** As in `Published`. */
  topic: string;
  partition: number;
  next: number;
  low: number;
  high: number;
};

export type Bus = {
  /**
   * Answers one place per message, in their order, or rejects: then some of them may have arrived.
   * One call at a time.
   */
  publish(messages: readonly Message[]): Promise<Published[]>;
  /** Resolves once nothing published from now on can be missed; the answer ends the subscription. */
  subscribe(subscription: Subscription): Promise<() => Promise<void>>;
  /**
   * Which bus this is, as bound in the relay's cursor: `in-process`, or `kafka:<cluster id>`, with
   * `/<prefix>` where topics have one.
   */
  identity(): Promise<string>;
  /**
   * How far a group has come; null where what is published is done with at once. Rejects if it
   * cannot be said now.
   */
  progress(topic: string, group: string): Promise<PartitionProgress[] | null>;
  /** From what the work has met so far; sends no request. */
  health(): BusHealth;
  /** Lets what is in hand finish. */
  close(): Promise<void>;
};

export type BusErrorCode =
  /** The topic needs a subscriber that is not there: publishing would lose the message. */
  | 'no_subscriber'
  /** A subscriber's handler failed; the cause says why. */
  | 'handler_failed'
  /** The bus took everything else of these messages, or none, and will never take one of them as it is. */
  | 'record_refused'
  | 'closed'
  /** It may have happened or not; the same again later. */
  | 'unavailable';

export class BusError extends Error {
  override readonly name = 'BusError';
  readonly code: BusErrorCode;
  /** Whether the same call may succeed later although nothing is changed by a person. */
  readonly retryable: boolean;
  /**
   * For `record_refused`: what was acknowledged all the same, by index of the message; these need
   * no second sending.
   */
  readonly published: ReadonlyMap<number, Published>;
  /** For `record_refused`: the topic that refused, by the name that people see. */
  readonly topic: string | null;

  constructor(
    code: BusErrorCode,
    message: string,
    {
      cause,
      published = new Map(),
      topic = null,
    }: { cause?: unknown; published?: ReadonlyMap<number, Published>; topic?: string | null } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = code !== 'record_refused' && code !== 'closed';
    this.published = published;
    this.topic = topic;
  }
}

export function isRefusedRecord(error: unknown): error is BusError {
  return error instanceof BusError && error.code === 'record_refused';
}
