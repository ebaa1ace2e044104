import { expect } from 'chai';
import { claimDue, type ClaimRoom } from '../../db/mappings/claims.ts';
import { updateCustomer } from '../support/customers.ts';
import { raiseMappings } from '../../db/mappings/dirty.ts';
import { urgencies, type Urgency } from '../../db/urgency.ts';
import { newEventId } from '../../lib/uuid.ts';
import type { Lane } from '../../workers/lane.ts';
import { expectAgreement } from '../support/invariants.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { useTwoWay } from '../support/two-way.ts';

const ACCOUNT = 'acct_1TwinboxSimulator';

describe('the order of work', () => {
  const world = useTwoWay();

  describe('the urgency', () => {
    it('of an edit and a delete is the highest, of a new row lower, and of bulk changes the lowest', async () => {
      const edited = await linked();
      const removed = await linked();
      const made = await world.create();
      const imported = await bulkRow();
      await world.update(edited, { name: 'Edited' });
      await world.remove(removed);
      await world.receive();
      expect(await urgencyOf(edited)).to.equal(urgencies.edit);
      expect(await urgencyOf(removed)).to.equal(urgencies.edit);
      expect(await urgencyOf(made.id)).to.equal(urgencies.row);
      expect(await urgencyOf(imported)).to.equal(urgencies.bulk);
      await world.rest();
      await expectAgreement(world);
    });

    it('of a bulk update is that of bulk', async () => {
      const id = await linked();
      await updateCustomer(world.db, id, { name: 'One of many' }, {}, stamp({ bulk: true }));
      await world.receive();
      expect(await urgencyOf(id)).to.equal(urgencies.bulk);
    });

    it('of a waiting imported row rises with an edit, also where both come at once', async () => {
      const [first, second] = [await bulkRow(), await bulkRow()];
      await world.receive();
      await world.update(first, { name: 'Edited' });
      await world.receive();
      expect(await urgencyOf(first)).to.equal(urgencies.edit);
      expect(await urgencyOf(second)).to.equal(urgencies.bulk);
      const third = await bulkRow();
      await world.update(third, { name: 'Edited' });
      await world.receive();
      expect(await urgencyOf(third)).to.equal(urgencies.edit);
    });

    it('of the event of our own write is that of an echo, and not so for their edit, new record and deletion', async () => {
      const { id } = await world.create();
      await world.run();
      await world.deliver();
      await world.receiveInbound();
      expect(await urgencyOf(id)).to.equal(urgencies.echo);
      await world.run();
      const record = world.simulator.customers()[0]?.id ?? '';
      world.simulator.dashboard.updateCustomer(record, { name: 'Theirs' });
      await world.deliver();
      await world.receiveInbound();
      expect(await urgencyOf(id)).to.equal(urgencies.edit);
      await world.rest();
      world.simulator.dashboard.createCustomer({ name: 'New there', email: 'new@example.com' });
      await world.deliver();
      await world.receiveInbound();
      const { rows } = await world.db.raw<{ rows: { urgency: number }[] }>(
        `select urgency from external_mappings where internal_id is null`,
      );
      expect(rows).to.deep.equal([{ urgency: urgencies.row }]);
      await world.rest();
      world.simulator.dashboard.deleteCustomer(record);
      await world.deliver();
      await world.receiveInbound();
      expect(await urgencyOf(id)).to.equal(urgencies.edit);
      await world.rest();
      await expectAgreement(world);
    });

    it('of a pair without work is that of the next event, whatever it was before', async () => {
      const id = await linked();
      const mapping = (await mappingOf(world.db, id)).id;
      const now = world.clock.now();
      for (const urgency of [urgencies.edit, urgencies.housekeeping] as const) {
        await raiseMappings(world.db, { ids: [mapping], now, mustRead: true, urgency });
        expect(await urgencyOf(id)).to.equal(urgency);
        await world.rest();
      }
    });
  });

  describe('a claim', () => {
    it('takes edits, then rows, then bulk, then housekeeping, though each has been due longer than the one before', async () => {
      const ids = await dueInReverse();
      const order: number[] = [];
      for (let n = 0; n < ids.length; n += 1) order.push(...(await claim({ limit: 1 })));
      expect(order).to.deep.equal(ids);
    });

    it('takes echoes beside its limit, and no more of them than there is room for', async () => {
      const echoes = [await linked(), await linked(), await linked()];
      const edit = await linked();
      await raise(echoes, urgencies.echo);
      await raise([edit], urgencies.edit);
      const taken = await claim({ limit: 1, echoes: 2 });
      expect(taken).to.have.length(3);
      expect(taken).to.include((await mappingOf(world.db, edit)).id);
      expect(await claim({ limit: 0, echoes: 2 })).to.have.length(1);
    });

    it('keeps places for the mappings that have been due longest, whatever their class', async () => {
      const ids = await dueInReverse();
      expect(await claim({ limit: 3, longest: 1 })).to.have.members([ids[0], ids[1], ids.at(-1)]);
      expect(await claim({ limit: 1, longest: 1 })).to.deep.equal([ids.at(-2)]);
    });

    it('takes no more from a line than there is room for, over all its classes', async () => {
      const made = [await bulkRow(), (await world.create()).id];
      await world.receive();
      const edit = await linked({ receive: false });
      await raise([edit], urgencies.housekeeping);
      const taken = await claim({ limit: 5, creates: 1, others: 1 });
      expect(taken).to.have.members([
        (await mappingOf(world.db, made[1] ?? 0)).id,
        (await mappingOf(world.db, edit)).id,
      ]);
    });
  });

  describe('a lane with fewer rate tokens than work', () => {
    it('brings an edit to Stripe before an import that came first, and keeps the order over several claims', async () => {
      const old = await linked();
      for (let n = 0; n < 20; n += 1) await bulkRow();
      await world.receive();
      const lane = limited();
      await tokens(5);
      await work(lane);
      await world.update(old, { name: 'At once' });
      const single = await world.create({ name: 'Single' });
      await world.receive();
      await tokens(2);
      await work(lane);
      expect(await mappingOf(world.db, old)).to.include({ pushedVersion: 2 });
      expect(await mappingOf(world.db, single.id)).to.include({ state: 'linked' });
    });

    it('leaves no class behind for ever while edits never end', async () => {
      const old = [];
      for (let n = 0; n < 4; n += 1) old.push(await linked());
      const [replayed, repaired] = [await linked(), await linked()];
      const rows = [await bulkRow(), await bulkRow(), (await world.create()).id];
      await world.receive();
      await raise([replayed], urgencies.bulk);
      await raise([repaired], urgencies.housekeeping);
      const lane = limited();
      let open: number[] = [];
      for (let round = 0; round < 60; round += 1) {
        for (const id of old) await world.update(id, { name: `Round ${round}` });
        await world.receive();
        await tokens(3);
        await work(lane);
        world.advance(1_000);
        open = await dirtyAmong([...rows, replayed, repaired]);
        if (open.length === 0) break;
      }
      expect(open).to.deep.equal([]);
      expect(await dirtyAmong(old), 'edits were in line all the time').not.to.deep.equal([]);
    });

    it('records echoes without any rate token', async () => {
      const { id } = await world.create();
      await world.run();
      await world.deliver();
      await world.receiveInbound();
      const lane = limited();
      await tokens(0);
      await work(lane);
      expect(await dirtyAmong([id])).to.deep.equal([]);
    });
  });

  /**
   * One mapping of each class but echo, the less urgent the longer due; in the order in which they
   * have to be claimed.
   */
  async function dueInReverse(): Promise<number[]> {
    const classes = [urgencies.edit, urgencies.row, urgencies.bulk, urgencies.housekeeping];
    const ids: number[] = [];
    const customers = [await linked(), await linked(), await linked(), await linked()];
    for (const [at, urgency] of classes.entries()) {
      const id = customers[at] ?? 0;
      ids.push((await mappingOf(world.db, id)).id);
      await raise([id], urgency);
      await world.db.raw(`update external_mappings set next_attempt_at = :due where internal_id = :id`, {
        due: new Date(world.clock.now().getTime() - (1 + urgency) * 60_000),
        id,
      });
    }
    return ids;
  }

  async function linked({ receive = true } = {}): Promise<number> {
    const { id } = await world.create();
    if (receive) await world.rest();
    else {
      await world.receive();
      await world.db.raw(
        `update external_mappings set external_id = 'cus_made' || id, state = 'linked', clean = dirty where internal_id = :id`,
        { id },
      );
    }
    return id;
  }

  async function bulkRow(): Promise<number> {
    const { id } = await world.create({}, { bulk: true });
    return id;
  }

  function stamp(context: Record<string, unknown>) {
    const now = world.clock.now();
    return { eventId: newEventId(now), source: 'internal', context, now };
  }

  async function raise(customers: number[], urgency: Urgency): Promise<void> {
    const ids = await Promise.all(customers.map(async (id) => (await mappingOf(world.db, id)).id));
    await raiseMappings(world.db, { ids, now: world.clock.now(), mustRead: false, urgency });
  }

  async function urgencyOf(customer: number): Promise<number | undefined> {
    const { rows } = await world.db.raw<{ rows: { urgency: number }[] }>(
      `select urgency from external_mappings where internal_id = :customer`,
      { customer },
    );
    return rows[0]?.urgency;
  }

  /** The ids that a claim took, in any order. */
  async function claim(room: Partial<ClaimRoom>): Promise<number[]> {
    const { claims } = await claimDue(world.db, {
      system: 'stripe',
      account: ACCOUNT,
      owner: 'test',
      now: world.clock.now(),
      leaseMs: 60_000,
      ...{ limit: 10, creates: 10, others: 10, echoes: 0, longest: 0 },
      ...room,
    });
    return claims.map(({ id }) => id);
  }

  function limited(): Lane {
    return world.worker({ policy: { rates: { account: 25, endpoint: 25 } } });
  }

  /**
   * The total number of calls that may be made; the buckets do not fill by themselves during a
   * test.
   */
  async function tokens(calls: number): Promise<void> {
    await world.db.raw(
      `insert into rate_buckets (system, account, endpoint, tokens, filled_at)
       select 'stripe', :account, key, value::float8, now() + interval '1 hour' from jsonb_each_text(:tokens::jsonb)
       on conflict (system, account, endpoint) do update set tokens = excluded.tokens, filled_at = excluded.filled_at`,
      {
        account: ACCOUNT,
        tokens: JSON.stringify({ '': calls, create: 10, update: 10, read: 10, delete: 10 }),
      },
    );
  }

  /** Two claims: as many as there are tokens for, and echoes as many as there is room for. */
  async function work(lane: Lane): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      await lane.runOnce();
      await lane.drain();
    }
  }

  async function dirtyAmong(customers: number[]): Promise<number[]> {
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select internal_id as id from external_mappings where internal_id = any(:customers) and dirty <> clean order by 1`,
      { customers },
    );
    return rows.map(({ id }) => id);
  }
});
