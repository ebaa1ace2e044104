// What has to hold when all work is done, whatever happened before.
import type { Db } from '../../db/server/connection.ts';
import { call } from '../cli/twinbox.ts';
import type { Deployment } from './deployment.ts';

type Effects = { living: number; repeated: unknown[] };
type Simulated = Pick<Deployment, 'simulator'>;

/** Keys under which Stripe has done more than one change. */
export async function effectsTwice(deployment: Simulated): Promise<unknown[]> {
  return (await effects(deployment)).repeated;
}

export async function livingOnBothSides(
  deployment: Simulated,
  db: Db,
): Promise<{ here: number; linked: number; there: number }> {
  const { living: there } = await effects(deployment);
  const { rows } = await db.raw<{ rows: { here: number; linked: number }[] }>(
    `select (select count(*) from customers where deleted_at is null) as here,
            (select count(*) from external_mappings where state = 'linked' and role = 'primary') as linked`,
  );
  return { here: rows[0]?.here ?? 0, linked: rows[0]?.linked ?? 0, there };
}

export async function openDeliveries(db: Db): Promise<{ open: number; unreceived: number }> {
  const { rows } = await db.raw<{ rows: { open: number; unreceived: number }[] }>(
    `select (select count(*) from sync_deliveries where status in ('queued', 'waiting', 'parked')) as open,
            (select count(*) from sync_events e where entity_type = 'customer' and source <> 'stripe'
              and not exists (select from sync_deliveries d where d.event_id = e.event_id)) as unreceived`,
  );
  return rows[0] ?? { open: -1, unreceived: -1 };
}

function effects({ simulator }: Simulated): Promise<Effects> {
  return call('GET', `${simulator.url}/_sim/ledger/effects`);
}
