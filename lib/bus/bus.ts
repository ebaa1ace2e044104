// How events travel between processes. The two adapters, in-process and Kafka, pass the same
// contract tests (test/lib/bus/contract.ts).
//
// Guarantees: a message that publish has answered is durable or handled; messages of one key and
// topic arrive in the order in which they were published; each arrives at least once. Assumes:
// after a rejection the caller publishes the same messages again, in the same order.

/** A text, or a text and the bytes (UTF-8) that follow it as they came from PostgreSQL. */
export type Value = string | { text: string; bytes: Uint8Array };

export type Message = {
  topic: string;
  /** Messages of one key stay in order. */
  key: string;
  value: Value;
  headers: Readonly<Record<string, string>>;
  eventId: string;
  /** The id of the event's row in sync_events. */
  syncEventId: number;
};

/** Where a message was stored. The topic has its full name, with the prefix if there is one. */
export type Published = { topic: string; partition: number; offset: number };

export type Received = {
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  /** Not checked yet: see parseEnvelope. Null for a record without a value. */
  value: string | null;
  headers: Readonly<Record<string, string>>;
  /** From the headers; null in a record of another program. */
  eventId: string | null;
  /**
   * From the headers; null in a record of another program, and if only the id is sent as a header.
   */
  syncEventId: number | null;
  /** The installation that published the record, by its header; null without that header. */
  installation: string | null;
  /**
   * When the record was made, by its producer's clock, in milliseconds since 1970; null in process.
   */
  timestamp: number | null;
};

/**
 * Gets the messages of one topic in order, in batches; a batch whose handler throws comes again.
 */
export type Handler = (batch: readonly Received[]) => Promise<void>;

export type Subscription = {
  topic: string;
  /** Every group gets every message; the members of one group share them. */
  group: string;
  handler: Handler;
};

export type BusHealth = {
  /** Why the bus cannot work now, since when, and the last error; null while it can. */
  problem: string | null;
};

/**
 * One partition, as a group sees it: every message before `next` is handled; the partition has the
 * offsets from `low` to below `high`.
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
   * Returns one place per message, in their order, or rejects: then some messages may have been
   * stored. One call at a time.
   */
  publish(messages: readonly Message[]): Promise<Published[]>;
  /**
   * These messages, as this very array, will probably be published next: what can be done before they are sent is
   * done now. May be called while a publish is under way, and sends nothing.
   */
  prepare?(messages: readonly Message[]): void;
  /**
   * Resolves once no message published from now on can be missed; the result ends the subscription.
   */
  subscribe(subscription: Subscription): Promise<() => Promise<void>>;
  /**
   * The identity of this bus, as bound in the relay's cursor: `in-process`, or `kafka:<cluster
   * id>`, with `/<prefix>` if topics have one.
   */
  identity(): Promise<string>;
  /**
   * How far a group has come; null if published messages are handled at once. Rejects if the
   * position cannot be found out now.
   */
  progress(topic: string, group: string): Promise<PartitionProgress[] | null>;
  /** From what the bus has seen in its work so far; sends no request. */
  health(): BusHealth;
  /** Lets open work finish. */
  close(): Promise<void>;
};

export type BusErrorCode =
  /** The topic needs a subscriber, and has none: publishing would lose the message. */
  | 'no_subscriber'
  /** A subscriber's handler failed; the cause says why. */
  | 'handler_failed'
  /**
   * The bus took everything else of these messages, or none, and will never take one of them as it
   * is.
   */
  | 'record_refused'
  | 'closed'
  /** It may have happened or not; the same again later. */
  | 'unavailable';

export class BusError extends Error {
  override readonly name = 'BusError';
  readonly code: BusErrorCode;
  /** Whether the same call may succeed later without a person's help. */
  readonly retryable: boolean;
  /**
   * For `record_refused`: the messages that were acknowledged all the same, by their index; they
   * need not be sent again.
   */
  readonly published: ReadonlyMap<number, Published>;
  /** For `record_refused`: the topic that refused, by its full name. */
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
