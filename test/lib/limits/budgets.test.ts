import { expect } from 'chai';
import { listBudgets } from '../../../db/limits/budgets.ts';
import { readRest } from '../../../db/limits/rests.ts';
import { raiseMappings } from '../../../db/mappings/dirty.ts';
import { syncPart } from '../../../lib/health/readiness.ts';
import { readAccountRecords } from '../../../lib/intake/account-reading.ts';
import { sweep } from '../../../lib/intake/sweep.ts';
import { createBudgets, findPause } from '../../../lib/limits/budgets.ts';
import { paced } from '../../../lib/limits/paced.ts';
import { checkQuotas } from '../../../lib/operations/doctor-signs.ts';
import { mappingOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';
import { toyAtHand } from '../../support/toy/at-hand.ts';
import { ACCOUNT } from '../../support/toy/double/server.ts';

const HOUR = 3_600_000;
const TOY = { system: 'toy', account: ACCOUNT };

describe('what answers say of a quota', () => {
  const { system, toy } = toyAtHand();
  const world = useSync({ system });
  const { signal } = new AbortController();

  const inAnHour = (): Date => new Date(world.clock.now().getTime() + HOUR);
  /** A customer with a record, and then a quota of which so much is used. */
  const withUsed = async (used: number, limit = 1_000): Promise<number> => {
    const { id } = await world.create({ name: 'Ada' });
    await world.run();
    toy().limitTo({ limit, used, resetsAt: inAnHour() });
    await edit(id, 'Ada Edited');
    return id;
  };
  const edit = async (id: number, name: string): Promise<void> => {
    await world.update(id, { name });
    await world.run();
  };
  const stored = async () => (await listBudgets(world.db, world.clock.now())).map(({ used }) => used);
  const names = (): (string | null)[] =>
    toy()
      .people()
      .map(({ full_name: name }) => name);

  it('is stored with the account, and shown by status and doctor', async () => {
    await withUsed(100);
    expect(await listBudgets(world.db, world.clock.now())).to.deep.equal([
      { system: 'toy', name: 'daily', limit: 1_000, used: 101, backgroundShare: 0.95, resetsAt: inAnHour() },
    ]);
    const [check] = await checkQuotas(world.db, world.clock.now());
    expect(check).to.include({ level: 'ok' });
    expect(check?.says).to.include('10 % of the quota "daily" of toy are used (101 of 1000)');
    world.advance(2 * HOUR);
    expect(await stored(), 'it counts until it is given anew').to.deep.equal([]);
  });

  it('is stored once a second at most, unless a tenth or the share of background work is reached', async () => {
    const id = await withUsed(100);
    await edit(id, 'Ada 2');
    expect(await stored()).to.deep.equal([101]);
    world.advance(1_000);
    await edit(id, 'Ada 3');
    expect(await stored()).to.deep.equal([103]);
    for (const used of [199, 949]) {
      toy().limitTo({ limit: 1_000, used, resetsAt: inAnHour() });
      await edit(id, `Ada ${used}`);
      expect(await stored()).to.deep.equal([used + 1]);
    }
  });

  it('pauses sweeps, the first reading and comparisons at 95 %, while edits go on both ways', async () => {
    const id = await withUsed(949);
    const { deps } = world;
    expect(await findPause(deps, deps.integration)).to.deep.equal(inAnHour());
    const calls = toy().calls.count();
    expect(await sweep(deps, { retentionDays: 35, signal })).to.deep.equal({ stored: 0, more: false });
    await world.db.raw(`delete from account_readings where system = 'toy'`);
    expect(await readAccountRecords(deps, signal)).to.equal('not_yet');
    const about = { ...deps, account: ACCOUNT, rates: null, background: true };
    const comparing = paced(deps.integration, about);
    const failure = await comparing.fetch('toy_1').catch((error: unknown) => comparing.classify(error));
    expect(failure).to.include({ kind: 'quota', code: 'account_rests', nothingHappened: true });
    expect(toy().calls.count()).to.equal(calls);
    await edit(id, 'Ada Later');
    expect(names()).to.deep.equal(['Ada Later']);
    const [check] = await checkQuotas(world.db, world.clock.now());
    expect(check).to.include({ level: 'warning' });
    const { warnings } = await syncPart(world.db, ['toy'], world.clock)();
    expect(warnings?.join()).to.match(/95 % of the quota "daily" .* pause until 2026-03-01 13:00 UTC/);
    world.advance(HOUR);
    expect(await findPause(deps, deps.integration)).to.equal(null);
    await readAccountRecords(deps, signal);
    expect(toy().calls.count()).to.be.greaterThan(calls + 1);
  });

  it('leaves pairs that only a comparison has raised until the quota is given anew', async () => {
    const id = await withUsed(949);
    const { id: mapping } = await mappingOf(world.db, id);
    const now = world.clock.now();
    await raiseMappings(world.db, { ids: [mapping], now, mustRead: true });
    await world.db.raw('update external_mappings set urgency = 4');
    const calls = toy().calls.count();
    await world.run(world.worker());
    expect(
      toy()
        .calls.all()
        .slice(calls)
        .map(({ path }) => path),
    ).to.not.include(`/people/toy_1`);
    world.advance(HOUR);
    await world.run();
    const { dirty, clean } = await mappingOf(world.db, id);
    expect(dirty).to.equal(clean);
  });

  it('lets the account rest at its end, without a refused call, until it is given anew', async () => {
    const id = await withUsed(999);
    expect(await readRest(world.db, { ...TOY, now: world.clock.now() })).to.deep.include({
      until: inAnHour(),
    });
    const calls = toy().calls.count();
    await edit(id, 'Ada Later');
    expect(toy().calls.count()).to.equal(calls);
    expect(
      toy()
        .calls.all()
        .map(({ status }) => status),
    ).to.not.include(429);
    world.advance(HOUR + 1_000);
    await world.run();
    expect(names()).to.deep.equal(['Ada Later']);
  });

  it('makes nothing wait that has no end, and counts no nonsense', async () => {
    const { db, clock, deps } = world;
    const begun: unknown[] = [];
    const began = (failure: unknown): Promise<void> => Promise.resolve(void begun.push(failure));
    const { capabilities } = deps.integration;
    const budgets = createBudgets({ db, clock, ...TOY, log: deps.log }, capabilities, { began });
    const used = { name: 'daily', limit: 10, used: 10, resetsAt: null };
    await budgets?.said([used, { ...used, limit: 0 }, { ...used, name: 'a\nb' }, { ...used, used: NaN }]);
    expect(await budgets?.pausedUntil()).to.equal(null);
    expect(begun).to.deep.equal([]);
    expect(await stored()).to.deep.equal([10]);
    const inAThousandYears = new Date(clock.now().getTime() * 1_000);
    await budgets?.said([{ ...used, used: 9.9, resetsAt: inAThousandYears }]);
    const until = (await budgets?.pausedUntil())?.getTime() ?? 0;
    expect(until - clock.now().getTime(), 'a month at most').to.equal(31 * 24 * 3_600_000);
    const without = { ...capabilities, quota: false };
    expect(createBudgets({ db, clock, ...TOY, log: deps.log }, without, { began })).to.equal(null);
  });
});
