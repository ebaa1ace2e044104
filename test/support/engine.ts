// The engine with any systems, without bus and loops: what relay, bus, workers and webhooks do is done
// when a test asks for it.
import type { Db } from '../../db/server/connection.ts';
import { beginReading, endReading } from '../../db/account-readings.ts';
import { readInstanceId } from '../../db/connections.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { findNotReceived } from '../../db/inbound.ts';
import { customer } from '../../lib/catalogue/built-in.ts';
import type { Clock } from '../../lib/clock.ts';
import { receiveInbound, takeIn } from '../../lib/intake/inbound.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import type { InboundEvent, Integration } from '../../lib/integrations/integration.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import { targetsOf } from '../../lib/sync/kinds.ts';
import type { SyncDeps, SyncPolicy } from '../../lib/sync/step.ts';
import { createLane, type Lane } from '../../workers/lane.ts';
import type { LoggedLine } from './invariants.ts';
import { readAll } from './stored-events.ts';

/** The engine's side of one system. */
export interface EngineSide {
  readonly deps: SyncDeps;
  readonly lane: Lane;
  readonly log: LoggedLine[];
  /** Brings committed events of ours to their deliveries. */
  receiveOurs(): Promise<number>;
  /** Takes events of theirs in, and brings them to their deliveries. */
  takeTheirs(events: readonly InboundEvent[]): Promise<string[]>;
  /** Starts the steps that are due and waits for them; returns how many there were. */
  work(): Promise<number>;
}

export async function createSide(
  db: Db,
  { clock, integration, policy }: { clock: Clock; integration: Integration; policy?: Partial<SyncPolicy> },
): Promise<EngineSide> {
  const { system } = integration;
  const log: LoggedLine[] = [];
  const note = (event: string, fields: Record<string, unknown>): void => void log.push({ event, ...fields });
  const deps: SyncDeps = {
    ...{ entity: customer, db, clock, integration, nudge: () => undefined },
    log: { info: note, warn: note, debug: note },
    policy: { ...DEFAULTS, instanceId: await readInstanceId(db), ...policy },
  };
  const lane = createLane(deps, { owner: 'test', concurrency: 8, leaseMs: 60_000 }, () => undefined);
  const receiving = { db, clock, wake: () => undefined };
  const everything = { system, after: 0, upTo: 2 ** 52, limit: 10_000 };
  return {
    deps,
    lane,
    log,
    receiveOurs: async () =>
      receiveOutbound(receiving, targetsOf(deps), await findUndelivered(db, everything)),
    async takeTheirs(events) {
      const inbox = { db, clock, integration, retentionDays: 35, nudge: () => undefined };
      const taken: string[] = [];
      for (const event of events) taken.push(await takeIn(inbox, event));
      const stored = await findNotReceived(db, everything);
      await receiveInbound(receiving, targetsOf(deps), readAll(stored, keyPrefix(deps)));
      return taken;
    },
    async work() {
      const started = await lane.runOnce();
      await lane.drain();
      return started;
    },
  };
}

/** Sets the account as read completely, with no record in it. */
export async function markAccountRead(db: Db, { system, document, identify }: Integration): Promise<void> {
  const { account } = await identify();
  const place = { system, account, externalType: document.externalType };
  const now = new Date();
  await beginReading(db, { ...place, imports: false, now });
  await endReading(db, place, now);
}

const DEFAULTS: Omit<SyncPolicy, 'instanceId'> = {
  environment: 'test',
  writes: true,
  pulls: true,
  deletes: 'delete',
  deletesIn: 'delete',
  linkByEmail: 'ask',
  looksBeforeCreate: false,
  imports: true,
  parkAfterMs: 24 * 3_600_000,
  backoff: { baseMs: 1_000, capMs: 300_000, random: () => 1 },
  rates: null,
};
