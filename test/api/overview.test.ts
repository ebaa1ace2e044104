import { expect } from 'chai';
import { saveComparison } from '../../db/health/comparisons.ts';
import { closePairs } from '../../db/mappings/closed-pairs.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { readOverview } from '../../lib/operations/overview.ts';
import { newEventId } from '../../lib/uuid.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, unlinkedRow, useTwoWay } from '../support/two-way.ts';
import { showWorker } from '../support/workers-shown.ts';
import { expectDescribed } from './described.ts';
import { startApi, type Body } from './start-api.ts';

const path = '/api/v1/overview';

describe('/overview', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  let elapsed = 0;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock, elapsed: () => elapsed });
  });
  afterEach(() => api.server.close());

  async function ask(): Promise<Body & { system: Body }> {
    elapsed += 1_000;
    const answer = await api.send('GET', path);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', path, answer);
    const [system = {}] = answer.json['systems'] as Body[];
    return { ...answer.json, system };
  }

  const NONE = {
    ...{ in_agreement: 0, need_person: 0, on_their_way: 0, waiting: 0, closed: 0, let_go: 0, not_wanted: 0 },
  };

  it('says of no customers that all agree, and of nothing more', async () => {
    const empty = await ask();
    expect(empty).to.deep.include({ customers: 0, oldest_unsent_s: null, stuck: { count: 0, oldest: [] } });
    expect(empty.system).to.deep.include({ system: 'stripe', customers: NONE, comparison: null });
    expect(empty).to.include({ measured_to: null });
  });

  it('puts every living customer into one place, and lists the oldest trouble first', async () => {
    await showWorker(world.db);
    const { id: gone } = await linkedPair(world);
    await world.remove(gone);
    await linkedPair(world);
    const stuck = await unlinkedRow(world, 'first@example.com');
    world.advance(60_000);
    const closed = await unlinkedRow(world, 'second@example.com');
    const { id } = await mappingOf(world.db, closed);
    const closing = { ids: [id], now: world.clock.now(), actor: 'a test', reason: 'test data' };
    expect(await withTransaction(world.db, (tx) => closePairs(tx, closing))).to.have.length(1);
    await world.rest();
    // Its change is neither published nor received; then a worker has it.
    const { id: changed } = await linkedPair(world);
    await world.update(changed, { name: 'Another' });
    await world.create();
    const places = { ...NONE, in_agreement: 1, need_person: 1, closed: 1, on_their_way: 2 };
    for (const pairs of [0, 2]) {
      const { system, customers } = await ask();
      expect(system['customers']).to.deep.equal(places);
      expect(system['pairs']).to.deep.equal({ on_their_way: pairs, need_person: 1 });
      expect(customers).to.equal(5);
      if (pairs === 0) await world.receive();
    }
    const shown = await ask();
    const [oldest] = (shown['stuck'] as { oldest: Body[] }).oldest;
    expect(shown['stuck']).to.include({ count: 1 });
    expect(oldest).to.include({ customer: stuck, system: 'stripe', state: 'parked', open_events: 1 });
    expect((shown['lanes'] as Body[])[0]).to.deep.include({ system: 'stripe', last_minute: null });
    await world.rest();
    expect((await ask()).system['customers']).to.deep.equal({ ...places, on_their_way: 0, in_agreement: 3 });
  });

  it('shows the newest receipt of a comparison, and keeps a hundred', async () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 0, minute));
    for (let minute = 0; minute < 103; minute += 1)
      await saveComparison(world.db, {
        ...{ id: newEventId(at(minute)), system: 'stripe', beganAt: at(minute), endedAt: at(minute + 1) },
        ...{ actor: 'cli:ada', agree: minute, findings: { drift: 2 }, unknownThere: 1 },
      });
    expect((await ask()).system['comparison']).to.deep.equal({
      ...{ began_at: at(102).toISOString(), ended_at: at(103).toISOString(), actor: 'cli:ada' },
      ...{ agree: 102, findings: { drift: 2 }, drift: 2, unknown_there: 1 },
    });
    expect(await world.db('comparisons')).to.have.length(100);
  });

  it('reads once for all who ask in the same second', async () => {
    const queries: string[] = [];
    const note = ({ sql }: { sql: string }) => void queries.push(sql);
    elapsed += 1_000;
    world.db.on('query', note);
    await Promise.all(Array.from({ length: 5 }, () => api.send('GET', path)));
    world.db.removeListener('query', note);
    expect(queries.filter((sql) => sql.includes('marks as materialized'))).to.have.length(1);
  });

  it('shows at once what an operator has done here, however new the last reading is', async () => {
    await showWorker(world.db);
    const lanes = async (): Promise<unknown> => (await api.send('GET', path)).json['lanes'];
    elapsed += 1_000;
    expect(JSON.stringify(await lanes())).not.to.include('"state":"paused"');
    const body = { reason: 'maintenance' };
    expect((await api.send('POST', '/api/v1/lanes/stripe/pause', { body })).status).to.equal(200);
    expect(JSON.stringify(await lanes())).to.include('"state":"paused"');
  });

  it('reads by indexes only: no table of pairs, events or deliveries is read whole', async () => {
    const { db } = world;
    await linkedPair(world);
    const plans: string[] = [];
    const note = ({ sql, bindings }: { sql: string; bindings?: unknown[] }) => {
      if (/external_mappings|sync_(events|deliveries)/.test(sql)) plans.push(JSON.stringify([sql, bindings]));
    };
    db.on('query', note);
    const settings = [{ system: 'stripe', writes: true, pulls: true }];
    await readOverview({ db, entity: world.deps.entity, settings }, world.clock.now());
    db.removeListener('query', note);
    expect(plans.length).to.be.greaterThan(3);
    for (const plan of plans) {
      const [sql, bindings] = JSON.parse(plan) as [string, unknown[]];
      await withTransaction(db, async (tx) => {
        await tx.raw(`set local enable_seqscan = off`);
        const asked = `explain ${sql}`.replaceAll('\\?', '?').replace(/\$\d+/g, '?');
        const { rows } = await tx.raw<{ rows: object[] }>(asked, bindings as string[]);
        expect(JSON.stringify(rows), sql).not.to.match(/Seq Scan on (external_mappings|sync_)/);
      });
    }
  });
});
