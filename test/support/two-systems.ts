// The toy as a second system beside the Stripe of a test's world, on the same rows.
import { onlyCustomers } from './only-target.ts';
import { onlyEvent } from './only-event.ts';
import { beginReading, endReading } from '../../db/account-readings.ts';
import { findUndelivered } from '../../db/deliveries.ts';
import { findNotReceived } from '../../db/inbound.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import { receiveInbound, takeIn } from '../../lib/intake/inbound.ts';
import { receiveOutbound } from '../../lib/intake/receive.ts';
import { keyPrefix } from '../../lib/sync/intent-key.ts';
import type { Lane } from '../../workers/lane.ts';
import { readAll } from './stored-events.ts';
import { startToy, TOKEN, type ToyServer } from './toy/double/server.ts';
import { createToyIntegration } from './toy/system/toy.ts';
import type { TwoWayWorld } from './two-way.ts';

export interface Beside {
  toy: ToyServer;
  integration: Integration;
  /** Brings what was committed, and what was edited at the toy, to their deliveries. */
  receive(): Promise<number>;
  /** Receives and reconciles until nothing of the toy is left. */
  run(lane?: Lane): Promise<void>;
  /** The id of a customer's record at the toy. */
  idOf(customerId: number): Promise<string>;
}

/** The account of the toy is read, with no record in it. */
export async function startBeside(world: TwoWayWorld): Promise<Beside> {
  const { db, clock, deps } = world;
  const toy = await startToy({ now: () => clock.now().getTime() });
  const integration = createToyIntegration({
    ...{ url: toy.url, token: TOKEN, instanceId: deps.policy.instanceId },
  });
  const { system } = integration;
  const target = { system, externalType: integration.document.externalType };
  const place = { ...target, account: (await integration.identify()).account };
  await beginReading(db, { ...place, imports: false, now: clock.now() });
  await endReading(db, place, clock.now());
  const own = world.worker({ integration });
  // Binds the account.
  await own.runOnce();
  const receiving = { db, clock, wake: () => undefined };
  const everything = { system, after: 0, upTo: 2 ** 52, limit: 10_000 };
  let seen = 0;

  const beside: Beside = {
    toy,
    integration,
    async receive() {
      const reported = toy.events().slice(seen);
      seen += reported.length;
      for (const event of reported) {
        const incoming = onlyEvent(integration.ingress, { events: [structuredClone(event)] });
        if (!incoming) throw new Error(`no event: ${event.id}`);
        const inbox = { db, clock, integration, retentionDays: 30, nudge: () => undefined };
        await takeIn(inbox, incoming);
      }
      const notReceived = readAll(await findNotReceived(db, everything), keyPrefix(deps));
      const received = await receiveInbound(receiving, onlyCustomers(target), notReceived);
      return (
        received +
        (await receiveOutbound(receiving, onlyCustomers(target), await findUndelivered(db, everything)))
      );
    },
    async run(lane = own) {
      for (;;) {
        const received = await beside.receive();
        const started = await lane.runOnce();
        await lane.drain();
        if (received + started + toy.events().length - seen === 0) return;
      }
    },
    async idOf(customerId) {
      const { rows } = await db.raw<{ rows: { externalId: string }[] }>(
        `select external_id as "externalId" from external_mappings where internal_id = :customerId and system = :system`,
        { customerId, system },
      );
      return rows[0]?.externalId ?? '';
    },
  };
  return beside;
}
