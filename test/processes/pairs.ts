// What both sides say of every pair: our rows from the database, their records from Stripe's
// events.
import type { Stripe } from 'stripe';
import type { Db } from '../../db/server/connection.ts';
import type { Values } from './true-conflicts.ts';

export interface PairSeen extends Values {
  id: number;
  externalId: string;
  version: number;
  /**
   * Every change of ours and of theirs up to this look is received and finished, and both sides
   * agree.
   */
  atRest: boolean;
}

/** The values that each side showed of a pair, oldest first. */
export interface Shown {
  ours: Values[];
  theirs: Values[];
}

type Row = Values & {
  id: number;
  externalId: string;
  version: number;
  calm: boolean;
  ours: number;
  theirs: number;
};

const pairsSql = `
with counts as (
  select mapping_id, count(*) filter (where inbound is null) as ours, count(*) filter (where inbound is not null) as theirs,
         bool_or(status in ('queued', 'waiting', 'parked')) as open
  from sync_deliveries group by mapping_id
)
select c.id, m.external_id as "externalId", c.name, c.email, c.version, t.ours, t.theirs,
       m.state = 'linked' and m.dirty = m.clean and m.intent is null and not m.must_read and not t.open as calm
from external_mappings m join customers c on c.id = m.internal_id join counts t on t.mapping_id = m.id
where m.role = 'primary' and m.external_id is not null order by c.id`;

export type Pairs = {
  look(): Promise<PairSeen[]>;
  shown(pair: Pick<PairSeen, 'id' | 'externalId'>): Promise<Shown>;
  events(): { data: { object: { id: string; name: string | null; email: string | null } } }[];
};

export function createPairs(db: Db, stripe: Stripe): Pairs {
  const events: Stripe.Event[] = [];
  const shown = new Map<string, Values[]>();
  const customerOf = (event: Stripe.Event): Stripe.Customer => event.data.object as Stripe.Customer;

  /** Each list is complete at its time: the simulator's has no lag. */
  async function catchUp(): Promise<void> {
    const last = events.at(-1);
    const query = { limit: 100, ...(last ? { ending_before: last.id } : {}) };
    const found: Stripe.Event[] = [];
    for await (const event of stripe.events.list(query)) found.push(event);
    for (const event of last ? found : found.reverse()) {
      events.push(event);
      const { id, name, email } = customerOf(event);
      const values = shown.get(id) ?? [];
      shown.set(id, values);
      values.push({ name: name ?? null, email });
    }
  }

  return {
    async look() {
      const { rows } = await db.raw<{ rows: Row[] }>(pairsSql);
      // After the rows: a pair without open work, and without an event that it has not received, is
      // at rest.
      await catchUp();
      return rows.map(({ calm, ours, theirs, ...row }) => {
        const values = shown.get(row.externalId) ?? [];
        const received = ours === row.version && theirs === values.length;
        return { ...row, atRest: calm && received };
      });
    },
    async shown({ id, externalId }) {
      const { rows } = await db.raw<{ rows: Values[] }>(
        `select payload #>> '{customer_data,name}' as name, payload #>> '{customer_data,email}' as email from sync_events
         where entity_id = :id and event_type in ('customer.created', 'customer.updated') order by version`,
        { id },
      );
      return { ours: rows, theirs: shown.get(externalId) ?? [] };
    },
    events: () => events.map((event) => ({ data: { object: pick(customerOf(event)) } })),
  };
}

function pick({ id, name, email }: Stripe.Customer): {
  id: string;
  name: string | null;
  email: string | null;
} {
  return { id, name: name ?? null, email };
}
