import { expect } from 'chai';
import { pauseConnection } from '../../../db/connections.ts';
import { openBreaker } from '../../../db/limits/breakers.ts';
import { recordAction } from '../../../db/operator-actions.ts';
import {
  explain,
  type Asked,
  type Explanation,
  type PairExplained,
} from '../../../lib/operations/explain.ts';
import type { SyncPolicy } from '../../../lib/sync/step.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { linkedPair, useTwoWay } from '../../support/two-way.ts';
import { showWorker } from '../../support/workers-shown.ts';

const SYSTEM = 'stripe';

describe('why what would be done is not being done', () => {
  const world = useTwoWay({ policy: { looksBeforeCreate: true } });
  beforeEach('a worker shows that it lives', () => showWorker(world.db));

  async function ask(
    asked: Asked,
    { read = false, policy = {} }: { read?: boolean; policy?: Partial<SyncPolicy> } = {},
  ): Promise<Explanation> {
    const before = await everything();
    const calls = world.calls().length;
    const deps = { ...world.deps, policy: { ...world.deps.policy, ...policy } };
    const explained = await explain(deps, asked, { read, system: null });
    expect(await everything(), 'nothing is written').to.deep.equal(before);
    if (!read) expect(world.calls().length, 'nothing is called').to.equal(calls);
    if (!explained) throw new Error('nothing was found');
    return explained;
  }

  async function one(customer: number, options: Parameters<typeof ask>[1] = {}): Promise<PairExplained> {
    const { pairs } = await ask({ customer }, options);
    const [pair] = pairs;
    if (!pair || pairs.length !== 1) throw new Error(`${pairs.length} pairs of customer ${customer}`);
    return pair;
  }

  async function everything(): Promise<object[]> {
    const { rows } = await world.db.raw<{ rows: object[] }>(
      `select to_jsonb(m) as row from external_mappings m union all select to_jsonb(d) from sync_deliveries d
       union all select to_jsonb(i) from sync_intents i union all select to_jsonb(c) from connections c
       union all select to_jsonb(r) from external_records r order by 1`,
    );
    return [...rows, world.simulator.customers()];
  }

  const kinds = ({ obstacles }: PairExplained): string[] => obstacles.map(({ kind }) => kind);
  const says = ({ obstacles }: PairExplained): string => obstacles.map((each) => each.says).join('\n');
  const commands = ({ remedies }: PairExplained): string[] =>
    remedies.map(({ command }) => command.replace('npx twinbox ', ''));

  it('says which worker has a pair in hand', async () => {
    const { id } = await linkedPair(world);
    await world.update(id, { name: 'Leased' });
    await world.receive();
    await world.claim();
    const pair = await one(id);
    expect(kinds(pair)).to.deep.equal(['lease']);
    expect(says(pair)).to.match(/^the worker test has it in hand until \d{4}-/);
    expect(pair).to.deep.include({ rung: 'push', effect: { would: 'update', there: ['name'], here: [] } });
  });

  it('says who paused the system, when and why', async () => {
    const { id } = await linkedPair(world);
    const at = new Date('2026-03-01T12:34:56Z');
    await pauseConnection(world.db, SYSTEM, 'prices until five', at);
    const asked = { action: 'pause', system: SYSTEM, actor: 'cli:ada', reason: null, detail: {}, at };
    await world.db.transaction((tx) => recordAction(tx, asked));
    expect(kinds(await one(id)), 'nothing is to be done').to.deep.equal([]);
    await world.update(id, { name: 'Paused' });
    await world.receive();
    const pair = await one(id);
    expect(says(pair)).to.equal('Stripe is paused since 2026-03-01 12:34:56 by cli:ada: prices until five');
    expect(commands(pair)).to.deep.equal(['resume stripe']);
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
    expect(kinds(pair)).to.deep.equal(['writes_off', 'breaker', 'no_worker']);
    expect(says(pair)).to.include('(invalid_key: No such key)').and.include('no worker');
    expect(pair.effect).to.deep.include({ would: 'nothing', waits: 'writes_off' });
    expect(commands(pair)).to.deep.equal(['doctor', 'up']);
    await world.db.raw('delete from breakers');
    await world.rest();
  });

  it('says what waits while writes or pulls are off', async () => {
    const { id, externalId } = await linkedPair(world);
    await world.update(id, { name: 'Unsent' });
    await world.run(world.worker({ policy: { writes: false } }));
    expect(kinds(await one(id, { policy: { writes: false } }))).to.deep.equal(['writes_off']);
    const other = await linkedPair(world);
    world.simulator.dashboard.updateCustomer(other.externalId, { name: 'Unpulled' });
    await world.rest(world.worker({ policy: { pulls: false, writes: false } }));
    const pair = await one(other.id, { policy: { pulls: false } });
    expect(kinds(pair)).to.deep.equal(['pulls_off']);
    expect(pair.why).to.equal('Nothing of Stripe is written into our table (STRIPE_PULLS=off).');
    expect(commands(pair)).to.deep.equal([]);
    expect(externalId).to.be.a('string');
  });

  it('says when a pair that failed is due again, and what it failed with', async () => {
    const { id } = await world.create();
    world.simulator.faults.add({ kind: 'reset', method: 'POST' });
    await world.run();
    const pair = await one(id);
    expect(kinds(pair)).to.deep.equal(['due']);
    expect(says(pair)).to.match(
      /^it is due at 2026-03-01 12:00:\d\d; 1 attempt so far, the last error was \w+: /,
    );
    expect(pair.effect).to.deep.equal({ would: 'create', again: true });
    world.advance(3_600_000);
    expect(kinds(await one(id))).to.deep.equal([]);
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
    expect(kinds(pair)).to.deep.equal(['fuse']);
    expect(pair.why).to.include('the fuse holds the delete at Stripe');
    const deletes = `deletes stripe --customer ${id}`;
    expect(commands(pair)).to.deep.equal([
      ...[`${deletes} --release`, `${deletes} --take-back`, `${deletes} --detach`],
    ]);
  });
});
