import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import type { Finished } from '../support/child.ts';
import { lossesOf } from '../support/losses.ts';
import { waitUntil } from '../support/signal.ts';
import { call } from '../cli/twinbox.ts';
import { effectsTwice, livingOnBothSides, openDeliveries } from './at-the-end.ts';
import { deploy, type Deployment } from './deployment.ts';
import { createPeople, type People } from './people.ts';

type Kill = { what: string; seconds: number };

const CUSTOMERS = 3_000;
const HANDS = 16;
/** The number of customers handled between two kills: a few seconds. */
const BETWEEN = 40;

describe('a deployment in which a process is killed every few seconds', function () {
  this.timeout(0);
  let deployment: Deployment;
  let people: People;
  let db: Db;
  const kills: Kill[] = [];

  before('deploy', async () => {
    deployment = await deploy({ apis: 2, relays: 2, workers: 3, perSecond: 100 });
    people = createPeople(deployment, 11);
    db = createDb({ url: deployment.databaseUrl(), poolSize: 2, applicationName: 'proof' });
  });
  after('remove it', async () => {
    await db.destroy();
    await deployment.remove();
  });

  /** Kills, and waits until a customer created afterwards is at Stripe. */
  async function kill(what: string, how: () => Promise<void>): Promise<void> {
    const back = how();
    const seconds = await people.probe();
    await back;
    kills.push({ what, seconds });
  }

  const replace = (kind: 'api' | 'relay' | 'worker') => async (): Promise<void> => {
    // The oldest, so that each is killed once in a while.
    const [victim] = deployment.fleet.members(kind);
    if (victim) await deployment.replace(victim, 'SIGKILL');
  };
  const plan: [string, () => Promise<void>][] = [
    ['api', replace('api')],
    ['relay', replace('relay')],
    ['worker', replace('worker')],
  ];

  async function killer(): Promise<void> {
    const special = new Map([
      [4, ['broker', () => deployment.killBroker()] as const],
      [7, ['postgres', () => deployment.killPostgres()] as const],
      [10, ['broker', () => deployment.killBroker()] as const],
    ]);
    for (let n = 0; people.begun() < CUSTOMERS; n++) {
      const [what, how] = special.get(n) ?? plan[n % plan.length] ?? ['nothing', () => Promise.resolve()];
      await kill(what, how);
      const from = people.begun();
      await waitUntil(() => people.begun() >= Math.min(CUSTOMERS, from + BETWEEN), {
        timeoutMs: 600_000,
        everyMs: 100,
        what: 'work between two kills',
      });
    }
  }

  it(`ends in agreement: ${CUSTOMERS} customers made, edited and deleted on both sides`, async () => {
    await Promise.all([people.work(CUSTOMERS, HANDS), killer()]);
    await call('GET', `${deployment.simulator.url}/_sim/webhooks/idle`);
    const { code, stdout } = await verifyReleased();
    report(stdout);
    expect(code, stdout).to.equal(0);
  });

  it('has done nothing twice: one living Stripe customer for each row, one effect for each key', async () => {
    expect(await effectsTwice(deployment)).to.deep.equal([]);
    const { here, linked, there } = await livingOnBothSides(deployment, db);
    expect({ here, linked }).to.deep.equal({ here: there, linked: there });
  });

  it('has an outcome for every event: none without a delivery, none still open', async () => {
    // The echoes of the last writes may still be on their way.
    await waitUntil(async () => (await openDeliveries(db)).open === 0, {
      timeoutMs: 60_000,
      what: 'no open delivery',
    });
    expect(await openDeliveries(db)).to.deep.equal({ open: 0, unreceived: 0 });
  });

  it('explains each edit that did not survive', async () => {
    expect(await lossesOf(db, await people.reported(), people.edits)).to.deep.equal([]);
  });

  it('is restarted process by process, while customers keep arriving', async () => {
    const all = deployment.fleet.members().filter(({ kind }) => kind !== 'simulator');
    const restart = { done: false };
    const seconds: number[] = [];
    const probing = (async () => {
      while (!restart.done) seconds.push(await people.probe());
    })();
    for (const member of all) await deployment.replace(member, 'SIGTERM');
    restart.done = true;
    await probing;
    console.log(
      `    ${all.length} processes restarted one by one; of ${seconds.length} customers made meanwhile the slowest was at Stripe after ${Math.max(...seconds).toFixed(1)} s`,
    );
  });

  /**
   * More rows are deleted than the fuse permits in ten minutes: an operator checks the deletes and
   * releases them.
   */
  async function verifyReleased(): Promise<Finished> {
    for (let round = 0; ; round++) {
      const verified = await deployment.twinbox(['verify', '--wait', '300']);
      if (round === 5 || !verified.stdout.includes(' waiting')) return verified;
      await deployment.twinbox(['resume', 'stripe', '--deletes']);
    }
  }

  function report(verified: string): void {
    const kinds = [...new Set(kills.map(({ what }) => what))];
    console.log(`    ${verified.trim().split('\n').at(-1)}`);
    console.log(`    ${JSON.stringify(people.counts)}`);
    for (const kind of kinds) {
      const times = kills.filter(({ what }) => what === kind).map(({ seconds }) => seconds);
      const worst = Math.max(...times).toFixed(1);
      const middle = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]?.toFixed(1);
      console.log(
        `    killed ${kind.padEnd(8)} ${String(times.length).padStart(3)} times; the next customer was at Stripe after ${middle} s (median), ${worst} s (worst)`,
      );
    }
  }
});
