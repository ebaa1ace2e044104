import { expect } from 'chai';
import { listCustomers, readCustomer } from '../support/customers.ts';
import { planReplay, runReplay } from '../../lib/operations/replay.ts';
import type { Lane } from '../../workers/lane.ts';
import { openAlteringProxy, type AlteringProxy } from '../support/altering-proxy.ts';
import { expectAgreement } from '../support/invariants.ts';
import { closedIntents, mappingOf, outcomesOf, parkedNotices } from '../support/sync-rows.ts';
import { fateOf, linkedPair, mappingsIn, useTwoWay } from '../support/two-way.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('bad input', () => {
  const world = useTwoWay();

  async function replay(lane?: Lane): Promise<void> {
    const plan = await planReplay(world.deps, { system: 'stripe', statuses: ['parked'] });
    expect(await runReplay(world.deps, plan, 'fixed by a test')).to.equal(1);
    await world.rest(lane);
  }

  /**
   * From the first failure to beyond the day after which a step is parked, and the life of a key.
   */
  async function failForADay(lane: Lane): Promise<void> {
    for (const hours of [0, 1, 24]) {
      world.advance(hours * HOUR);
      await world.run(lane);
    }
  }

  describe('an answer of Stripe', () => {
    let proxy: AlteringProxy;
    beforeEach('open a proxy before the simulator', async () => {
      proxy = await openAlteringProxy(world.simulator.url);
    });
    afterEach('close the proxy', () => proxy.close());

    const bad: [string, Record<string, unknown>][] = [
      ['a number for a name', { name: 7 }],
      ['an object for an email', { email: { at: 'home' } }],
      ['100 kB of name', { name: 'n'.repeat(100_000) }],
      ['no id', { id: null }],
      ['text for its time', { created: 'yesterday' }],
    ];
    for (const [says, changes] of bad) {
      it(`with ${says} is not accepted: the pair is parked with that reason after a day, and a replay repairs it`, async () => {
        const [broken, neighbour] = [await linkedPair(world), await linkedPair(world)];
        proxy.alter(new RegExp(`^GET /v1/customers/${broken.externalId}`), (answer) => ({
          ...answer,
          ...changes,
        }));
        const lane = world.worker({ integration: world.integrate({ apiBase: proxy.url }) });
        for (const { externalId } of [broken, neighbour])
          world.simulator.dashboard.updateCustomer(externalId, { name: `Theirs ${externalId}` });
        await world.deliver();
        await world.receiveInbound();
        await failForADay(lane);
        expect(await readCustomer(world.db, neighbour.id)).to.include({
          name: `Theirs ${neighbour.externalId}`,
        });
        const { state, reason, reasonDetail } = await mappingOf(world.db, broken.id);
        expect({ state, reason }).to.deep.equal({ state: 'parked', reason: 'unexpected_answer' });
        expect(JSON.stringify(reasonDetail).length).to.be.lessThan(1_000);
        expect(await parkedNotices(world.db)).to.deep.equal(['unexpected_answer']);
        proxy.alter(null);
        await replay(lane);
        await expectAgreement(world);
      });
    }

    it('to our own write with a number for a name is requested again with the same key, and then the record is read', async () => {
      const { id, externalId } = await linkedPair(world);
      proxy.alter(/^POST /, (answer) => ({ ...answer, name: 7 }));
      const lane = world.worker({ integration: world.integrate({ apiBase: proxy.url }) });
      await world.update(id, { name: 'Ours' });
      await failForADay(lane);
      expect(await mappingOf(world.db, id)).to.include({ state: 'linked', reason: null });
      const writes = world.simulator.ledger.entries({ method: 'POST', path: `/v1/customers/${externalId}` });
      expect(new Set(writes.map(({ idempotency_key: key }) => key)).size).to.equal(1);
      expect(writes.filter(({ effect }) => effect)).to.have.length(1);
      await expectAgreement(world);
    });
  });

  it('an event of a record that Stripe does not know is parked with that reason, and makes no row', async () => {
    const { id } = world.simulator.dashboard.createCustomer({ name: 'Real', email: 'real@example.com' });
    const [event] = world.undelivered();
    const object = { ...event!.data.object, id: 'cus_unknown', metadata: {} };
    await world.deliver([{ ...event!, id: 'evt_unknown', data: { object } }]);
    await world.rest();
    expect(await fateOf(world.db, 'cus_unknown')).to.deep.equal(['created parked']);
    const unknown = (await mappingsIn(world.db)).find(({ externalId }) => externalId === 'cus_unknown');
    expect(unknown).to.include({ internalId: null, state: 'parked', reason: 'missing' });
    expect(await fateOf(world.db, id)).to.include('created applied');
    expect(await listCustomers(world.db, { limit: 9 })).to.have.length(1);
  });

  it('a stored body that Stripe refuses is parked with the reason; the next edit is sent with another body', async () => {
    const { id } = await linkedPair(world);
    world.simulator.faults.add({ kind: 'reset', method: 'POST' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    await world.db.raw(
      `update external_mappings set intent = jsonb_set(intent, '{body}', '{"nmae": "Ours"}')`,
    );
    world.advance(MINUTE);
    await world.run();
    expect(await mappingOf(world.db, id)).to.include({
      state: 'parked',
      reason: 'parameter_unknown',
      intent: null,
    });
    expect((await closedIntents(world.db)).at(-1)).to.include({ result: 'refused' });
    await world.update(id, { name: 'Ours again' });
    await world.rest();
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours again' });
    await expectAgreement(world);
  });

  it('a stored body that was changed under its key is never sent: the record is read, and the row’s values are written', async () => {
    const { id } = await linkedPair(world);
    world.simulator.faults.add({ kind: 'drop_answer', method: 'POST' });
    await world.update(id, { name: 'Ours' });
    await world.run();
    await world.db.raw(
      `update external_mappings set intent = jsonb_set(intent, '{body}', '{"name": "Forged"}')`,
    );
    await world.rest();
    expect(await readCustomer(world.db, id)).to.include({ name: 'Ours' });
    expect(world.simulator.customers()[0]).to.include({ name: 'Ours' });
    await expectAgreement(world);
  });

  describe('a step that breaks off', () => {
    /**
     * Damage that no program of ours writes: a number that cannot be read, or an event without a
     * record.
     */
    const breaks: [string, (id: number) => Promise<void>, (id: number) => Promise<void>][] = [
      [
        'by a number that no row should have',
        (id) => set(id, `wanted_version = 9223372036854775807`),
        (id) => set(id, `wanted_version = 1`),
      ],
      [
        'in its settle, always',
        (id) =>
          world.db.raw(
            `alter table sync_intents add constraint broken check (mapping_id <> ${id}) not valid`,
          ),
        () => world.db.raw(`alter table sync_intents drop constraint broken`),
      ],
    ];
    for (const [says, damage, fix] of breaks) {
      it(`${says} backs off, is parked after a day with the error named, and a replay tries again`, async () => {
        const [broken, neighbour] = [
          await linkedPair(world, { name: 'Ada Lovelace' }),
          await linkedPair(world),
        ];
        const { id } = await mappingOf(world.db, broken.id);
        await world.update(broken.id, { name: 'Grace Hopper' });
        await world.update(neighbour.id, { name: 'Flows' });
        await world.receive();
        await damage(id);
        try {
          const waits: number[] = [];
          for (let n = 0; n < 11; n += 1) {
            await world.run();
            const { state, waitMs } = await standing(id);
            expect(state).to.equal('linked');
            waits.push(waitMs / 1_000);
            world.advance(waitMs);
          }
          expect(waits).to.deep.equal([2, 3, 5, 9, 17, 33, 65, 129, 257, 301, 301]);
          world.advance(24 * HOUR);
          await world.run();
          expect(await outcomesOf(world.db, neighbour.id)).to.deep.equal(['applied', 'echo', 'applied']);
          const { rows } = await world.db.raw<{
            rows: { reason: string; reason_detail: Record<string, unknown> }[];
          }>(`select reason, reason_detail from external_mappings where id = ${id}`);
          expect(rows[0]?.reason).to.equal('broken_off');
          expect(rows[0]?.reason_detail).to.have.all.keys('fault', 'about', 'at', 'since', 'message');
          expect(rows[0]?.reason_detail['message']).to.include('twinbox replay');
          expect(await parkedNotices(world.db)).to.deep.equal(['broken_off']);
          expect(JSON.stringify([rows, world.log])).to.not.match(/Lovelace|Hopper/);
          const calls = world.calls().length;
          world.advance(48 * HOUR);
          await world.run();
          expect(world.calls()).to.have.length(calls);
        } finally {
          await fix(id);
        }
        await replay();
        expect(world.simulator.customers()[0]).to.include({ name: 'Grace Hopper' });
        await expectAgreement(world);
      });
    }

    it('once, long ago, does not count against a pair that has ended since', async () => {
      const { id, externalId } = await linkedPair(world);
      world.simulator.dashboard.updateCustomer(externalId, { name: 'Late' });
      const [late] = world.undelivered();
      world.lose(late!);
      world.simulator.dashboard.deleteCustomer(externalId);
      await world.rest();
      await set((await mappingOf(world.db, id)).id, `first_failed_at = '2026-01-01', attempts = 3`);
      await world.deliver([late!]);
      await world.rest();
      expect(await mappingOf(world.db, id)).to.include({
        state: 'tombstoned',
        firstFailedAt: null,
        attempts: 0,
      });
    });

    it('and whose mapping cannot be released does not keep the lane from other pairs', async () => {
      const [broken, neighbour] = [await linkedPair(world), await linkedPair(world)];
      const { id } = await mappingOf(world.db, broken.id);
      await world.update(broken.id, { name: 'Stuck' });
      await world.receive();
      await world.db.raw(
        `alter table external_mappings add constraint stuck check (id <> ${id} or lease_until is not null) not valid`,
      );
      try {
        await world.lane.runOnce();
        await world.lane.drain();
        await world.update(neighbour.id, { name: 'Flows' });
        await world.run();
        expect(await outcomesOf(world.db, neighbour.id)).to.deep.equal(['applied', 'echo', 'applied']);
      } finally {
        await world.db.raw(`alter table external_mappings drop constraint stuck`);
      }
      await world.lane.runOnce();
      await world.rest();
      await expectAgreement(world);
    });

    async function set(id: number, columns: string): Promise<void> {
      await world.db.raw(`update external_mappings set ${columns} where id = ${id}`);
    }

    async function standing(id: number): Promise<{ state: string; waitMs: number }> {
      const { rows } = await world.db.raw<{ rows: { state: string; waitMs: number }[] }>(
        `select state, extract(epoch from next_attempt_at - :now::timestamptz) * 1000 as "waitMs"
         from external_mappings where id = ${id}`,
        { now: world.clock.now() },
      );
      const [row] = rows;
      return { state: row?.state ?? 'gone', waitMs: Number(row?.waitMs) };
    }
  });
});
