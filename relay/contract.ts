// What a relay needs, and what it does for its process.
import type { Address } from '../db/relay/identity.ts';
import type { Shard } from '../db/relay/shards.ts';
import type { Db } from '../db/server/connection.ts';
import type { Bus, Received } from '../lib/bus/bus.ts';
import type { Clock } from '../lib/clock.ts';
import type { HeaderStyle } from '../lib/events/envelope.ts';
import type { Routing } from '../lib/events/routing.ts';
import type { Measures } from '../lib/measures.ts';

export type RelayLog = Record<
  'info' | 'warn' | 'error',
  (event: string, fields?: Record<string, unknown>) => void
>;

export type RelayDeps = {
  db: Db;
  bus: Bus;
  clock: Clock;
  log: RelayLog;
  /** The address of the database (see addressOf). */
  address: Address;
  routing: Routing;
  headers: HeaderStyle;
  /** Reads the newest records of our topics; null for a bus that stores none. */
  newest?: (() => Promise<Received[]>) | null;
  /** Rows per page; default 250: larger pages outlive V8's space for young objects (decision 0107). */
  pageSize?: number;
  /** How long another relay waits after this one has died; default 5 s. */
  leaseMs?: number;
  /** The longest rest between polls that find nothing; default 200. `nudge` only makes polling quicker. */
  idleMs?: number | (() => number);
  /** The shard whose events this relay publishes; default: there is one, with all events. */
  shard?: Shard;
  /** Into how many shards the relay of a new database is divided; default 1. */
  firstShards?: number;
  monotonic?: () => number;
  measures?: Measures;
};

export type Relay = {
  /** Sends one page, saves it, and returns its number of rows; 0 if there was none, or if another relay is active. */
  runOnce(): Promise<number>;
  /** Repeats rounds until stop(), and saves short pages together. Rejects with IdentityError, and with ShardsChanged. */
  start(): Promise<void>;
  /** An event was committed: poll now. May be called any number of times. */
  nudge(): void;
  /** Finishes the page in progress and releases the lease. */
  stop(): Promise<void>;
  isActive(): boolean;
  /** The age of the oldest undelivered row, in seconds; 0 if there is none. */
  secondsBehind(): Promise<number>;
};
