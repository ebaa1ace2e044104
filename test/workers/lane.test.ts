import { expect } from 'chai';
import { withTransaction } from '../../db/server/connection.ts';
import { pauseConnection, readConnection, resumeConnection } from '../../db/connections.ts';
import { findUndelivered, receiveInternalEvents } from '../../db/deliveries.ts';
import { raiseWaiting } from '../../db/mappings/dirty.ts';
import type { Integration } from '../../lib/integrations/integration.ts';
import { expectAgreement } from '../support/invariants.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { mappingOf, outcomesOf } from '../support/sync-rows.ts';
import { useSync } from '../support/sync.ts';

const MINUTE = 60_000;
const OTHER_KEY = 'sk_test_of_another_account';

describe('a lane', () => {
  const world = useSync();

  describe('is bound to one account', () => {
    it('which is the first that it meets; mappings made before get it too', async () => {
      const { id } = await world.create();
      await world.receive();
      expect(await mappingOf(world.db, id)).to.include({ account: '', state: 'pending' });
      await world.run();
      expect(await mappingOf(world.db, id)).to.include({
        account: 'acct_1TwinboxSimulator',
        state: 'linked',
      });
      expect(await readConnection(world.db, 'stripe')).to.include({
        account: 'acct_1TwinboxSimulator',
        livemode: false,
      });
      await expectAgreement(world);
    });

    it('also when the very first events are received at the same moment', async () => {
      const { id } = await world.create();
      const range = { system: 'stripe', after: 0, upTo: 2 ** 52, limit: 10 };
      const events = await findUndelivered(world.db, range);
      const inserted = createSignal();
      const gate = createSignal();
      const receiving = withTransaction(world.db, async (tx) => {
        const target = {
          system: 'stripe',
          entityType: 'customer',
          externalType: 'customer',
          now: world.clock.now(),
        };
        await receiveInternalEvents(tx, events, target);
        inserted.fire();
        await gate.promise;
      });
      await inserted.promise;
      const binding = world.lane.runOnce();
      await Promise.race([binding, somebodyWaits()]);
      gate.fire();
      await Promise.all([receiving, binding]);
      await world.run();
      expect(await mappingOf(world.db, id)).to.include({ state: 'linked' });
      await expectAgreement(world);
    });

    for (const [sentence, make] of [
      ['account', anotherAccount],
      ['mode', liveMode],
    ] as const) {
      it(`and stops at a key of another ${sentence}, with a message that names both`, async () => {
        const { id } = await world.create();
        await world.run();
        await world.remove(id);
        await world.receive();
        const calls = world.calls().length;
        const { integration, names } = make();
        const lane = world.worker({ integration });
        const failure: unknown = await lane.runOnce().catch((error: unknown) => error);
        expect(failure).to.include({ code: 'wrong_account' });
        for (const name of names) expect(lane.status().stopped).to.include(name);
        expect(lane.status().bound).to.equal(false);
        expect(world.calls()).to.have.length(calls);
        expect(world.simulator.customers()).to.have.length(1);
      });
    }

    it('and does nothing without an answer about the account, and says why', async () => {
      await world.create();
      const lane = world.worker({ integration: world.integrate({ apiBase: 'http://127.0.0.1:1' }) });
      await world.receive();
      const failure: unknown = await lane.runOnce().catch((error: unknown) => error);
      expect(failure).to.include({ code: 'system_unreachable', retryable: true });
      expect(lane.status()).to.deep.include({ bound: false, inHand: 0 });
      expect(lane.status().stopped).to.include('connection_refused');
      world.simulator.keys.revokeKey(OTHER_KEY);
      const revoked = world.worker({ integration: world.integrate({ secretKey: OTHER_KEY }) });
      await revoked.runOnce().catch(() => undefined);
      expect(revoked.status().stopped).to.include('unauthorized').and.not.include(OTHER_KEY);
    });
  });

  it('takes nothing while it is paused, and continues afterwards', async () => {
    const { id } = await world.create();
    await world.run();
    await pauseConnection(world.db, 'stripe', 'maintenance', world.clock.now());
    await world.update(id, { name: 'Ada' });
    world.advance(60 * MINUTE);
    await world.run();
    expect(world.calls()).to.have.length(1);
    expect((await outcomesOf(world.db, id)).at(-1)).to.equal('queued');
    await resumeConnection(world.db, 'stripe', world.clock.now());
    await world.run();
    await expectAgreement(world);
  });

  it('keeps the time and the reason of a pause, whatever a second pause says', async () => {
    await world.run();
    const at = world.clock.now();
    await pauseConnection(world.db, 'stripe', 'maintenance', at);
    world.advance(MINUTE);
    await pauseConnection(world.db, 'stripe', 'another reason', world.clock.now());
    expect(await readConnection(world.db, 'stripe')).to.include({ pausedWhy: 'maintenance' });
    expect((await readConnection(world.db, 'stripe'))?.pausedAt).to.deep.equal(at);
    await resumeConnection(world.db, 'stripe', world.clock.now());
    await pauseConnection(world.db, 'stripe', 'another reason', world.clock.now());
    expect(await readConnection(world.db, 'stripe')).to.include({ pausedWhy: 'another reason' });
    await resumeConnection(world.db, 'stripe', world.clock.now());
  });

  describe('while writes are off', () => {
    const off = { policy: { writes: false } };

    it('only reads, keeps the bodies, and sends them once writes are on', async () => {
      const changed = await world.create();
      const removed = await world.create();
      await world.run();
      await world.update(changed.id, { name: 'Observed' });
      await world.remove(removed.id);
      const made = await world.create({ name: 'Not yet' });
      const calls = world.calls().length;
      await world.run(world.worker(off));
      expect(world.calls().slice(calls)).to.deep.equal(['GET /v1/customers/cus']);
      for (const { id } of [changed, removed, made]) {
        expect(await mappingOf(world.db, id)).to.include({
          state: 'waiting',
          reason: 'writes_off',
          intent: null,
        });
        expect((await outcomesOf(world.db, id)).at(-1)).to.equal('waiting');
      }
      expect((await mappingOf(world.db, changed.id)).reasonDetail).to.deep.equal({
        operation: 'update',
        body: { name: 'Observed' },
      });
      expect((await mappingOf(world.db, made.id)).reasonDetail).to.have.nested.property(
        'body.name',
        'Not yet',
      );
      await switchOn();
      expect(await outcomesOf(world.db, changed.id)).to.deep.equal(['applied', 'applied']);
      await expectAgreement(world);
    });

    for (const operation of ['create', 'update', 'delete'] as const) {
      it(`does not send an open ${operation} either, and finishes it once they are on`, async () => {
        const { id } = await world.create();
        if (operation !== 'create') await world.run();
        if (operation === 'update') await world.update(id, { name: 'Ada' });
        if (operation === 'delete') await world.remove(id);
        world.simulator.faults.add({
          kind: 'drop_answer',
          method: operation === 'delete' ? 'DELETE' : 'POST',
        });
        await world.run();
        world.advance(MINUTE);
        const calls = world.calls().length;
        await world.run(world.worker(off));
        expect(world.calls()).to.have.length(calls);
        expect((await mappingOf(world.db, id)).intent).to.include({ operation });
        await switchOn();
        expect(world.simulator.ledger.effects().repeated).to.deep.equal([]);
        await expectAgreement(world);
      });
    }

    async function switchOn(): Promise<void> {
      await raiseWaiting(world.db, 'stripe', 'writes_off', world.clock.now());
      await world.run();
    }
  });

  it('reports what it is working on, and finishes that when it is stopped', async () => {
    await world.create();
    await world.receive();
    world.simulator.faults.add({ kind: 'hang', method: 'POST' });
    await world.lane.runOnce();
    expect(world.lane.status()).to.deep.equal({ system: 'stripe', bound: true, stopped: null, inHand: 1 });
    await world.simulator.faults.waitForHeld();
    world.simulator.faults.release();
    await world.lane.drain();
    expect(world.lane.status()).to.include({ inHand: 0 });
  });

  it('tries an interrupted step again later, and reports it without values', async () => {
    const { id } = await world.create({ name: 'Secretive Person' });
    await world.db.raw(`alter table sync_attempts add constraint broken check (false) not valid`);
    try {
      await world.run();
    } finally {
      await world.db.raw(`alter table sync_attempts drop constraint broken`);
    }
    expect(world.log.map(({ event }) => event)).to.include('reconcile.broke_off');
    expect(JSON.stringify(world.log)).not.to.include('Secretive');
    expect((await mappingOf(world.db, id)).nextAttemptAt?.getTime()).to.be.greaterThan(
      world.clock.now().getTime(),
    );
    world.advance(MINUTE);
    await world.run();
    expect(world.simulator.ledger.effects()).to.include({ created: 1 });
    await expectAgreement(world);
  });

  function anotherAccount(): { integration: Integration; names: string[] } {
    world.simulator.keys.mapKey(OTHER_KEY, 'acct_other');
    const integration = world.integrate({ secretKey: OTHER_KEY });
    return { integration, names: ['acct_1TwinboxSimulator', 'acct_other'] };
  }

  function liveMode(): { integration: Integration; names: string[] } {
    const identify = async () => ({ ...(await world.integration.identify()), livemode: true });
    return { integration: { ...world.integration, identify }, names: ['test mode', 'live mode'] };
  }

  function somebodyWaits(): Promise<unknown> {
    const waiting = async (): Promise<boolean> => {
      const { rows } = await world.db.raw<{ rows: unknown[] }>(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    };
    return waitUntil(waiting, { timeoutMs: 5_000, what: 'a wait for a lock' });
  }
});
