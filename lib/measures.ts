// What the program says of its own work, for whoever counts it: plain functions that are passed on
// like the log. Each is called once the fact that it tells is committed, returns at once and never
// throws. Where none is passed, nothing is counted. lib/metrics/ makes Prometheus metrics of them.

/** A delivery that came to its outcome, or was parked. Times in seconds, from stored times. */
export interface SettledDelivery {
  eventId: string;
  /** A system, or `internal` for a change that came from one. */
  target: string;
  eventType: string;
  status: string;
  /** Since its event was written; null if the event is not kept any more. */
  sinceWritten: number | null;
  /** Since a worker received it. */
  sinceReceived: number;
}

/** One HTTP request to a system. */
export interface SentRequest {
  method: string;
  /** The template of its path, without an id: `/v1/customers/:id`. */
  route: string;
  /** Null if no answer came. */
  status: number | null;
  /** The answer is one that the system had stored for this key. */
  replayed: boolean;
  seconds: number;
}

/** One page that the relay has published and saved. */
export interface PublishedPage {
  published: number;
  unrouted: number;
  refused: number;
  /** Events that were published before, and are published again since that could not be saved. */
  again: number;
  /** For each event: the seconds from its writing to the save. */
  sinceWritten: readonly number[];
}

export interface Consumed {
  direction: 'outbound' | 'inbound';
  /** Stored as deliveries. */
  taken: number;
  /** Known already: the bus brought them more than once, or the walk found them first. */
  known: number;
  refused: number;
  /** For each record with a time of its producer: the seconds since then. */
  sincePublished: readonly number[];
}

export interface BatchPlace {
  topic: string;
  partition: number;
  group: string;
}

export interface Measures {
  /** Deliveries of one step. */
  settled(system: string, deliveries: readonly SettledDelivery[]): void;
  /** Deliveries that were parked because their step broke off. */
  parkedBroken(system: string, count: number): void;
  /** Calls of one step, as stored in `sync_attempts`; `isRetry`: an earlier step for the pair failed. */
  attempted(
    system: string,
    calls: readonly { status: number | null; error: string | null }[],
    isRetry: boolean,
  ): void;
  /** Deliveries whose change the system has shown: the seconds since each was applied. */
  echoed(seconds: readonly number[]): void;
  requested(system: string, request: SentRequest): void;
  published(page: PublishedPage): void;
  consumed(counts: Consumed): void;
  /** A handler has finished a batch. */
  progressed(places: readonly BatchPlace[]): void;
  /** What became of one event of a webhook, or of a delivery that was refused. */
  webhook(system: string, result: string): void;
  /** Our clock minus the time that a good signature names, in seconds. */
  webhookSkew(system: string, seconds: number): void;
  /** A request that the API has answered; status null: the client had gone before. */
  answered(request: { method: string; route: string | null; status: number | null; seconds: number }): void;
}
