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
  // A second stop is harmless; a sign that is left over would keep the process alive.
  afterEach('stop all', async () => {
    await Promise.all(started.splice(0).map((sign) => sign.stop()));
  });

  /** One customer that this worker is working on. */
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

  it('ends, and then the others release its work and delete the sign', async () => {
    const dead = await start('dead');
    await inHandOf('dead');
    // The state some seconds after a kill: the sign is not renewed any more.
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

  it('exists, and then no other worker touches its work', async () => {
    const [first, second] = [await start('first'), await start('second')];
    await inHandOf('first');
    const third = await start('third');
    await third.stop();
    // Another worker looked, and found the ended one.
    await waitUntil(async () => !(await workers()).includes('third'), { timeoutMs: 5_000, what: 'a look' });
    expect(await holders()).to.deep.equal(['first']);
    await Promise.all([first.stop(), second.stop()]);
    await world.db.raw('update external_mappings set lease_owner = null, lease_until = null');
    await world.run();
  });

  it('is lost while the database is away, and then it is written again', async () => {
    const worker = await start('worker');
    await world.db.raw(`delete from leases`);
    await waitUntil(async () => (await workers()).join() === 'worker', {
      timeoutMs: 5_000,
      what: 'it is back',
    });
    await worker.stop();
  });
});
