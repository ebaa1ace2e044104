import { expect } from 'chai';
import { endRest, readRest } from '../../../db/limits/rests.ts';
import { readStoppedMs } from '../../../db/limits/stoppages.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { syncPart } from '../../../lib/health/readiness.ts';
import { paced } from '../../../lib/limits/paced.ts';
import { checkRests } from '../../../lib/operations/doctor-signs.ts';
import { explain } from '../../../lib/operations/explain.ts';
import { POCKET, usePocket } from '../../support/pocket/world.ts';
import { closedIntents, deliveriesOf, mappingOf } from '../../support/sync-rows.ts';

const HOUR = 3_600_000;

describe('an account whose quota is used up', () => {
  const world = usePocket({
    versions: true,
    deletes: 'archive',
    promises: { creates: 'none', updates: 'version', deletes: 'archive' },
  });

  it('rests until the time that the system named: nothing is sent, and then all of it', async () => {
    const ids = await editAllWithoutQuota();
    const until = world.clock.now().getTime() + HOUR;
    expect((await rest())?.until.getTime()).to.be.within(until - 1_000, until + 1_000);
    world.pocket.calls.length = 0;
    for (let minute = 0; minute < 59; minute += 1) {
      await world.run();
      world.clock.advance(60_000);
    }
    expect(world.pocket.calls).to.deep.equal([]);
    world.clock.advance(2 * 60_000);
    await world.run();
    expect(await rest()).to.equal(null);
    expect(world.pocket.living().map(({ name }) => name)).to.deep.equal(ids.map(() => 'Edited'));
  });

  it('uses up no attempt of its customers, and no time of failing', async () => {
    for (const id of await editAllWithoutQuota()) {
      expect(await mappingOf(world.db, id)).to.include({ attempts: 0, firstFailedAt: null, lastError: null });
      const open = (await deliveriesOf(world.db, id)).filter(({ status }) => status === 'queued');
      expect(open.map(({ attempts, error }) => ({ attempts, error }))).to.deep.equal([
        { attempts: 0, error: null },
      ]);
    }
  });

  it('is asked by each worker at most once for each place, and said once in the log', async () => {
    await editAllWithoutQuota();
    const before = world.pocket.calls.length;
    await world.run(world.worker());
    expect(world.pocket.calls.length).to.equal(before);
    expect(world.log.filter(({ event }) => event === 'account.rests')).to.have.length(1);
  });

  it('rests over a restart: not even the account is asked for its name', async () => {
    await editAllWithoutQuota();
    world.pocket.calls.length = 0;
    const restarted = world.worker();
    await world.run(restarted);
    expect(world.pocket.calls).to.deep.equal([]);
    expect(restarted.status().stopped).to.match(/nothing is sent until 2026-03-01 13:0/);
    world.clock.advance(HOUR + 60_000);
    await world.run(restarted);
    expect(restarted.status().stopped).to.equal(null);
    expect(world.pocket.living().map(({ name }) => name)).to.deep.equal(['Edited', 'Edited', 'Edited']);
  });

  it('rests too where it could not even say its name, and is asked again in its time', async () => {
    useUp();
    const failure = await world.lane.runOnce().catch((error: unknown) => error);
    expect(failure).to.include({ code: 'system_unreachable' });
    world.pocket.calls.length = 0;
    expect(await world.lane.runOnce()).to.equal(0);
    expect(world.pocket.calls).to.deep.equal([]);
    world.clock.advance(HOUR + 60_000);
    await world.lane.runOnce();
    expect(world.pocket.calls).to.include('GET /me');
  });

  it('is asked sooner after a resume', async () => {
    await editAllWithoutQuota();
    world.pocket.useUpQuota(null);
    const now = world.clock.now();
    await withTransaction(world.db, (tx) => endRest(tx, { ...POCKET, now }));
    await world.run();
    expect(world.pocket.living().map(({ name }) => name)).to.deep.equal(['Edited', 'Edited', 'Edited']);
  });

  it('rests again, and as long as the system says, where it was asked too soon', async () => {
    await editAllWithoutQuota();
    world.clock.advance(HOUR + 60_000);
    useUp(2 * HOUR);
    await world.run();
    const until = world.clock.now().getTime() + 2 * HOUR;
    expect((await rest())?.until.getTime()).to.be.within(until - 1_000, until + 1_000);
  });

  it('counts the time of its rest as none in which a customer failed', async () => {
    const start = world.clock.now();
    await editAllWithoutQuota();
    world.clock.advance(2 * HOUR);
    const now = world.clock.now();
    expect(await readStoppedMs(world.db, { ...POCKET, since: start, now })).to.be.closeTo(HOUR, 2_000);
  });

  it('is not read from meanwhile by a command either', async () => {
    await editAllWithoutQuota();
    world.pocket.calls.length = 0;
    const { db, clock, deps } = world;
    const about = { db, clock, account: POCKET.account, rates: null, log: deps.log };
    const reading = paced(deps.integration, about);
    const failure = await reading.fetch('con_1').catch((error: unknown) => reading.classify(error));
    expect(failure).to.include({ kind: 'quota', code: 'account_rests', nothingHappened: true });
    expect(world.pocket.calls).to.deep.equal([]);
  });

  it('says until when in status, in doctor and in explain', async () => {
    const [id = 0] = await editAllWithoutQuota();
    const says = /quota of the account is used up .*nothing is sent until 2026-03-01 13:0\d UTC/;
    const { warnings } = await syncPart(world.db, [POCKET.system], world.clock)();
    expect(warnings?.join()).to.match(says);
    const [check] = await checkRests(world.db, world.clock.now());
    expect(check).to.include({ level: 'warning' });
    expect(check?.says).to.match(says);
    const explained = await explain(world.deps, { customer: id }, { read: false, system: POCKET.system });
    const obstacle = explained?.pairs[0]?.obstacles.find(({ kind }) => kind === 'rests');
    expect(obstacle?.says).to.match(says);
    expect(explained?.pairs[0]?.remedies.map(({ command }) => command)).to.include(
      'npx twinbox resume pocket',
    );
  });

  it('has no request sent again as it was that the row has left behind meanwhile', async () => {
    const [id = 0] = await editAllWithoutQuota();
    await world.update(id, { name: 'Edited once more' });
    world.clock.advance(HOUR + 60_000);
    await world.run();
    const { externalId } = await mappingOf(world.db, id);
    expect(world.pocket.contact(externalId ?? '').name).to.equal('Edited once more');
    const results = (await closedIntents(world.db)).map(({ result }) => result);
    expect(results.filter((result) => result === 'unknown')).to.deep.equal([]);
  });

  function useUp(ms = HOUR): void {
    world.pocket.useUpQuota(new Date(world.clock.now().getTime() + ms));
  }

  /** Three customers with an edit each, and the first call for one of them meets the end of the quota. */
  async function editAllWithoutQuota(): Promise<number[]> {
    const ids = [await world.create(), await world.create(), await world.create()].map(({ id }) => id);
    await world.run();
    for (const id of ids) await world.update(id, { name: 'Edited' });
    useUp();
    await world.run();
    return ids;
  }

  function rest() {
    return readRest(world.db, { ...POCKET, now: world.clock.now() });
  }
});
