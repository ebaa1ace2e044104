import { expect } from 'chai';
import { startSignOfLife, type SignOfLife } from '../../workers/sign-of-life.ts';
import { useSync } from '../support/sync.ts';
import { waitUntil } from '../support/signal.ts';

describe('a worker’s sign of life', () => {
  const world = useSync();
  const log = { info: () => undefined, warn: () => undefined, debug: () => undefined };
  const started: SignOfLife[] = [];
  async function start(owner: string): Promise<SignOfLife> {
    const sign = await startSignOfLife({ db: world.db, owner, log, lengthMs: 300 });
    started.push(sign);
    return sign;
  }
  // Stopping twice does no harm; one left over would hold the process.
  afterEach('stop all', async () => {
    await Promise.all(started.splice(0).map((sign) => sign.stop()));
  });

  /** One customer that this worker has in hand. */
  async function inHandOf(owner: string): Promise<void> {
    // The first contact binds the account.
    await world.run();
    await world.create();
    await world.receive();
    expect(await world.claim()).to.have.length(1);
    await world.db.raw('update external_mappings set lease_owner = ? where lease_until is not null', [owner]);
  }
  async function read<T>(sql: string): Promise<T[]> {
    return (await world.db.raw<{ rows: T[] }>(sql)).rows;
  }
  const holders = async (): Promise<string[]> =>
    (
      await read<{ owner: string }>(
        'select lease_owner as owner from external_mappings where lease_until is not null',
      )
    ).map(({ owner }) => owner);
  const workers = async (): Promise<string[]> =>
    (await read<{ owner: string }>(`select owner from leases where name like 'worker:%'`)).map(
      ({ owner }) => owner,
    );

  it('ended, the others let go what it had in hand, and forget it', async () => {
    const dead = await start('dead');
    await inHandOf('dead');
    // What is left of it some seconds after a kill: nobody renews it any more.
    await dead.stop();
    const living = await start('living');
    await waitUntil(async () => (await workers()).join() === 'living', {
      timeoutMs: 5_000,
      what: 'it is forgotten',
    });
    expect(await holders()).to.deep.equal([]);
    await living.stop();
    await world.run();
  });

  it('there, nobody touches what it has in hand', async () => {
    const [first, second] = [await start('first'), await start('second')];
    await inHandOf('first');
    const third = await start('third');
    await third.stop();
    // Somebody looked, and found that one.
    await waitUntil(async () => !(await workers()).includes('third'), { timeoutMs: 5_000, what: 'a look' });
    expect(await holders()).to.deep.equal(['first']);
    await Promise.all([first.stop(), second.stop()]);
    await world.db.raw('update external_mappings set lease_owner = null, lease_until = null');
    await world.run();
  });

  it('lost while the database was away, it is shown again', async () => {
    const worker = await start('worker');
    await world.db.raw(`delete from leases`);
    await waitUntil(async () => (await workers()).join() === 'worker', {
      timeoutMs: 5_000,
      what: 'it is back',
    });
    await worker.stop();
  });
});
