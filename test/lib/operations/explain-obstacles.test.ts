import { expect } from 'chai';
import { pauseConnection } from '../../../db/connections.ts';
import { openBreaker } from '../../../db/limits/breakers.ts';
import { recordAction } from '../../../db/operator-actions.ts';
import type { PairExplained } from '../../../lib/operations/explain.ts';
import { commandsOf, createExplainer, kindsOf } from '../../support/explainer.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';
import { showWorker } from '../../support/workers-shown.ts';

const SYSTEM = 'stripe';

describe('why what would be done is not being done', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });
  beforeEach('a worker shows that it lives', () => showWorker(world.db));

  const { one } = createExplainer(world);
  const says = ({ obstacles }: PairExplained): string => obstacles.map((each) => each.says).join('\n');

  it('says which worker has a pair in hand', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Leased' });
    await world.receive();
    await world.claim();
    const pair = await one(id);
    expect(kindsOf(pair)).to.deep.equal(['lease']);
    expect(says(pair)).to.match(/^the worker test has a lease on the pair until \d{4}-/);
    expect(pair).to.deep.include({ rung: 'push', effect: { would: 'update', there: ['name'], here: [] } });
  });

  it('says who paused the system, when and why', async () => {
    const { id } = await linkedPair(world);
    const at = new Date('2026-03-01T12:34:56Z');
    await pauseConnection(world.db, SYSTEM, 'prices until five', at);
    const asked = { action: 'pause', system: SYSTEM, actor: 'cli:ada', reason: null, detail: {}, at };
    await world.db.transaction((tx) => recordAction(tx, asked));
    expect(kindsOf(await one(id)), 'nothing is to be done').to.deep.equal([]);
    await world.update(id, { name: 'Paused' });
    await world.receive();
    const pair = await one(id);
    expect(says(pair)).to.equal(
      'Stripe has been paused since 2026-03-01 12:34:56 by cli:ada: prices until five',
    );
    expect(commandsOf(pair)).to.deep.equal(['resume stripe']);
  });

  it('says that the breaker is open, that no worker runs, and that writes are off', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Stopped' });
    await world.receive();
    const { account } = await mappingOf(world.db, id);
    const why = { kind: 'auth', code: 'invalid_key', message: 'No such key' };
    await openBreaker(world.db, { system: SYSTEM, account, why, now: world.clock.now() });
    await world.db.raw('delete from role_signs');
    const pair = await one(id, { policy: { writes: false } });
    expect(kindsOf(pair)).to.deep.equal(['writes_off', 'breaker', 'no_worker']);
    expect(says(pair)).to.include('(invalid_key: No such key)').and.include('no worker');
    expect(pair.effect).to.deep.include({ would: 'nothing', waits: 'writes_off' });
    expect(commandsOf(pair)).to.deep.equal(['doctor', 'up']);
    await world.db.raw('delete from breakers');
    await world.rest();
  });

  it('says what waits while writes or pulls are off', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.update(id, { name: 'Unsent' });
    await world.run(world.worker({ policy: { writes: false } }));
    expect(kindsOf(await one(id, { policy: { writes: false } }))).to.deep.equal(['writes_off']);
    const other = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(other.externalId, { name: 'Unpulled' });
    await world.rest(world.worker({ policy: { pulls: false, writes: false } }));
    const pair = await one(other.id, { policy: { pulls: false } });
    expect(kindsOf(pair)).to.deep.equal(['pulls_off']);
    expect(pair.why).to.equal('No value from Stripe is written into our table (STRIPE_PULLS=off).');
    expect(commandsOf(pair)).to.deep.equal([]);
    expect(externalId).to.be.a('string');
  });

  it('says when a pair that failed is due again, and what it failed with', async () => {
    const { id } = await world.create();
    world.simulator.faults.add({ kind: 'reset', method: 'POST' });
    await world.run();
    const pair = await one(id);
    expect(kindsOf(pair)).to.deep.equal(['due']);
    expect(says(pair)).to.match(
      /^the pair is due at 2026-03-01 12:00:\d\d; 1 attempt so far, the last error was \w+: /,
    );
    expect(pair.effect).to.deep.equal({ would: 'create', again: true });
    world.advance(3_600_000);
    expect(kindsOf(await one(id))).to.deep.equal([]);
    await world.rest();
  });

  it('says that the fuse holds a delete, and how a person decides', async () => {
    const ids: number[] = [];
    for (let n = 0; n < 21; n++) ids.push((await world.create()).id);
    await world.rest();
    for (const id of ids) await world.remove(id);
    await world.run();
    const { rows } = await world.db.raw<{ rows: { id: number }[] }>(
      `select internal_id as id from external_mappings where reason = 'fuse'`,
    );
    const id = rows[0]?.id ?? 0;
    const pair = await one(id);
    expect(kindsOf(pair)).to.deep.equal(['fuse']);
    expect(pair.why).to.include('the fuse holds the delete at Stripe');
    const deletes = `deletes stripe --customer ${id}`;
    expect(commandsOf(pair)).to.deep.equal([
      ...[`${deletes} --release`, `${deletes} --take-back`, `${deletes} --detach`],
    ]);
  });
});
