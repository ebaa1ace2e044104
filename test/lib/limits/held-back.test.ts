import { expect } from 'chai';
import { halfOpenBreaker, openBreaker } from '../../../db/limits/breakers.ts';
import { pauseConnection, resumeConnection } from '../../../db/connections.ts';
import { readStoppedMs } from '../../../db/limits/stoppages.ts';
import { syncPart } from '../../../lib/health/readiness.ts';
import { useSync } from '../../support/sync.ts';

const MINUTE = 60_000;
const PLACE = { system: 'stripe', account: 'acct_1TwinboxSimulator' };

describe('what delays changes', () => {
  const world = useSync();

  beforeEach('bind the account', () => world.run());

  it('is counted once where the breaker is open during a pause', async () => {
    const start = world.clock.now();
    const at = (minute: number): Date => new Date(start.getTime() + minute * MINUTE);
    const stopped = (since: Date, now: Date) => readStoppedMs(world.db, { ...PLACE, since, now });
    await pauseConnection(world.db, 'stripe', null, at(5));
    await open('retry', at(10));
    expect(await stopped(start, at(20))).to.equal(15 * MINUTE);
    await resumeConnection(world.db, 'stripe', at(30));
    await resumeConnection(world.db, 'stripe', at(35));
    expect(await stopped(start, at(40))).to.equal(35 * MINUTE);
    expect(await stopped(at(12), at(40))).to.equal(28 * MINUTE);
    await halfOpenBreaker(world.db, { ...PLACE, now: at(50) });
    expect(await stopped(start, at(60))).to.equal(45 * MINUTE);
    expect(await stopped(at(50), at(60))).to.equal(0);
  });

  it('is in readiness with its beginning, its reason and what to do', async () => {
    expect(await warnings()).to.equal('');
    const since = world.clock.now();
    await open('indeterminate', since);
    expect(await warnings())
      .to.match(
        /has not answered since .* \(x\): look at its status page.*nothing is sent and nothing is lost.*the next call is at/,
      )
      .and.include(since.toISOString());
    await halfOpenBreaker(world.db, { ...PLACE, now: world.clock.now() });
    expect(await warnings()).to.include('one change at a time is tried');
    await world.db.raw(`delete from breakers`);
    await open('auth', since);
    expect(await warnings()).to.match(
      /has refused our key .*set a key that may read and write customers, and restart/,
    );
  });

  it('is in readiness also where a rate was halved', async () => {
    await world.db.raw(
      `insert into rate_buckets (system, account, endpoint, tokens, filled_at, share, slowed_at)
       values ('stripe', :account, 'create', 0, now(), 0.5, now())`,
      { account: PLACE.account },
    );
    expect(await warnings()).to.match(/"create" goes at 5\d % of the rate.*lower STRIPE_RATE_LIMIT/);
  });

  async function open(kind: string, now: Date): Promise<void> {
    await openBreaker(world.db, { ...PLACE, why: { kind, code: 'x', message: '' }, now });
  }

  async function warnings(): Promise<string | undefined> {
    return (await syncPart(world.db, ['stripe'])()).warnings?.join();
  }
});
