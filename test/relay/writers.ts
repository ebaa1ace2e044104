// Writers for the stress test: real transactions on customers, in every form that has ever failed
// in a relay.
import { withTransaction, type Db, type Tx } from '../../db/server/connection.ts';
import { sleep } from '../../lib/loop.ts';

export type Writers = {
  /** Ends them once they have reached their target. */
  finish(): Promise<void>;
};

// One statement, so that the event id is drawn under the row's lock; see db/entities/rows.ts.
const changeSql = `
with changed as (
  update customers set name = :name, version = version + 1, last_event_id = next_sync_event_id() where id = :id returning *
)
insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select last_event_id, gen_random_uuid(), 'customer.updated', 'customer', id, 'customer:' || id, version, 'internal',
       entity_payload('customer', id, jsonb_build_object('name', name, 'email', email))
from changed`;

const createSql = `
with changed as (
  insert into customers (name, email, last_event_id, created_event_id)
  select 'c' || n, 'c' || n || '@example.com', next_sync_event_id(), gen_random_uuid() from generate_series(1, :count) n
  returning *
)
insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select last_event_id, created_event_id, 'customer.created', 'customer', id, 'customer:' || id, version, 'internal',
       entity_payload('customer', id, jsonb_build_object('name', name, 'email', email))
from changed`;

const manySql = `
with changed as (
  update customers set name = :name, version = version + 1, last_event_id = next_sync_event_id()
  where id > :id and id <= :id + 20 returning *
)
insert into sync_events (id, event_id, event_type, entity_type, entity_id, entity_key, version, source, payload)
select last_event_id, gen_random_uuid(), 'customer.updated', 'customer', id, 'customer:' || id, version, 'internal',
       entity_payload('customer', id, jsonb_build_object('name', name, 'email', email))
from changed`;

export async function createCustomers(db: Db, count: number): Promise<void> {
  await db.raw(createSql, { count });
}

/**
 * `concurrency` writers until they have committed `target` rows together and `finish` is called;
 * past the target they slow down. All writers use the customers up to `shared`; each has twenty
 * more of its own, which it may hold for long without blocking another writer.
 */
export function startWriters(
  db: Db,
  {
    concurrency,
    target,
    shared,
    stragglerMs,
  }: { concurrency: number; target: number; shared: number; stragglerMs: number },
): Writers {
  let rows = 0;
  let finishing = false;
  const change = async (tx: Db | Tx, id: number) => {
    await tx.raw(changeSql, { id, name: `n${Math.random()}` });
  };
  const any = () => 1 + Math.floor(Math.random() * shared);

  async function writer(number: number): Promise<void> {
    const own = shared + number * 20;
    for (let round = 0; rows < target || !finishing; round += 1) {
      if (rows >= target) await sleep(100);
      const committed = await transaction(own, round * concurrency + number);
      rows += committed;
    }
  }

  /** One transaction of some form; returns how many rows it committed. */
  async function transaction(own: number, round: number): Promise<number> {
    const shape = round % 97 === 96 ? 'straggler' : shapes[Math.floor(Math.random() * shapes.length)];
    if (shape === 'plain') return await change(db, any()).then(() => 1);
    if (shape === 'many') return await db.raw(manySql, { id: own, name: `n${round}` }).then(() => 20);
    return await withTransaction(db, async (tx) => {
      if (shape !== 'two rows') await tx.raw('select pg_current_xact_id()');
      if (shape === 'straggler') {
        // Half of them draw their id now and half when the other transactions are far ahead.
        const early = round % 2 === 0;
        if (early) await change(tx, own + 1);
        await sleep(stragglerMs);
        if (!early) await change(tx, own + 1);
        return 1;
      }
      if (shape === 'early xid') await sleep(Math.random() * 20);
      const first = any();
      const second = any();
      await change(tx, first);
      if (shape === 'rolled back') throw rolledBack;
      if (first === second) return 1;
      if (Math.random() < 0.3) await sleep(Math.random() * 5);
      await change(tx, second);
      return 2;
    }).catch((error: unknown) => {
      if (error !== rolledBack) throw error;
      return 0;
    });
  }

  const done = Promise.all(Array.from({ length: concurrency }, (_, number) => writer(number)));
  return {
    finish: async () => {
      finishing = true;
      await done;
    },
  };
}

const rolledBack = new Error('on purpose');
const shapes = ['plain', 'plain', 'many', 'many', 'early xid', 'two rows', 'rolled back'] as const;
