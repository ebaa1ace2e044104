import { expect } from 'chai';
import { Stripe } from 'stripe';
import { createDb, type Db } from '../../db/server/connection.ts';
import { sleep } from '../../lib/loop.ts';
import { lossesOf } from '../support/losses.ts';
import { waitUntil } from '../support/signal.ts';
import { call } from '../cli/twinbox.ts';
import { deploy, type Deployment } from './deployment.ts';
import { effectsTwice, livingOnBothSides, openDeliveries } from './at-the-end.ts';
import { createMisfortune, type Misfortune } from './misfortune.ts';
import { createPairs, type Pairs } from './pairs.ts';
import { createTeams, type Teams } from './teams.ts';
import { trueConflicts, type Meeting } from './true-conflicts.ts';

type ReportedEvent = Meeting & { row: number; kind: string };

const CUSTOMERS = 300;
const EDITS = 3_000;
/** In each pass the test looks at all pairs and begins this number of rounds. */
const ROUNDS = 6;
const TURN_MS = 500;
const KILL_MS = 5_000;
/** A 500 that Stripe keeps, and a webhook lost after it: five minutes and a few more. */
const LONGEST_REST_MS = 900_000;
const HUNG_PASSES = 25;

describe('two teams that edit the same customers, while a tenth of all calls fails and a worker is killed every five seconds', function () {
  this.timeout(0);
  let deployment: Deployment;
  let db: Db;
  let teams: Teams;
  let pairs: Pairs;
  let misfortune: Misfortune;
  let stripe: Stripe;
  const say = (line: string): void => console.log(`    ${line}`);

  before('deploy', async () => {
    deployment = await deploy({ apis: 1, relays: 1, workers: 6, perSecond: 100 });
    const { simulator, apis } = deployment;
    db = createDb({ url: deployment.databaseUrl(), poolSize: 3, applicationName: 'proof' });
    const { hostname: host, port } = new URL(simulator.url);
    stripe = new Stripe('sk_test_twinbox_fake', { host, port, protocol: 'http', maxNetworkRetries: 3 });
    pairs = createPairs(db, stripe);
    teams = createTeams({ api: apis[0] ?? '', simulator: simulator.url, pairs }, 23);
    misfortune = createMisfortune(simulator);
  });
  after('remove it', async () => {
    await db.destroy();
    await deployment.remove();
  });

  /** One every five seconds, whether the killed ones are replaced by then or not. */
  async function kill(working: AbortSignal): Promise<number> {
    const replaced: Promise<unknown>[] = [];
    for (;;) {
      await sleep(KILL_MS, working);
      if (working.aborted) break;
      const [victim] = deployment.fleet.members('worker');
      if (victim) replaced.push(deployment.replace(victim, 'SIGKILL').catch((error: unknown) => error));
    }
    const failed = (await Promise.all(replaced)).filter((outcome) => outcome !== undefined);
    expect(failed, 'replacements that did not come up').to.deep.equal([]);
    return replaced.length;
  }

  async function work(): Promise<void> {
    const begin = performance.now();
    await teams.make(CUSTOMERS);
    for (let pass = 1; ; pass++) {
      const left = EDITS - teams.count();
      const busy = await teams.pass(Math.max(0, Math.min(ROUNDS, left)));
      if (left <= 0 && busy === 0) return;
      if (pass % HUNG_PASSES === 0) await misfortune.releaseHung();
      if (performance.now() - begin > LONGEST_REST_MS) throw new Error(`${busy} pairs do not come to rest`);
      await sleep(TURN_MS);
    }
  }

  it(`ends in agreement: ${EDITS} edits of ${CUSTOMERS} customers`, async () => {
    const working = new AbortController();
    const begin = performance.now();
    await misfortune.begin();
    const killed = kill(working.signal);
    try {
      await work();
    } finally {
      working.abort();
      say(`${await killed} workers killed`);
    }
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    say(`${teams.count()} edits in ${seconds} s: ${JSON.stringify(teams.counts)}`);
    const { calls, hits } = await misfortune.end();
    const faults = Object.values(hits).reduce((sum, times) => sum + times, 0);
    say(`${faults} faults in ${calls} calls: ${JSON.stringify(hits)}`);
    await call('GET', `${deployment.simulator.url}/_sim/webhooks/idle`);
    const lost = await stripe.events
      .list({ limit: 100, delivery_success: false })
      .autoPagingToArray({ limit: 10_000 });
    say(`${lost.length} of ${pairs.events().length} webhooks lost`);
    const { code, stdout } = await deployment.twinbox(['verify', '--wait', '300']);
    expect(code, stdout).to.equal(0);
  });

  it('has done nothing twice: one living Stripe customer for each row, one effect for each key', async () => {
    expect(await effectsTwice(deployment)).to.deep.equal([]);
    expect(await livingOnBothSides(deployment, db)).to.deep.equal({
      here: CUSTOMERS,
      linked: CUSTOMERS,
      there: CUSTOMERS,
    });
  });

  it('has an outcome for every event: none without a delivery, none still open', async () => {
    await waitUntil(async () => (await openDeliveries(db)).open === 0, {
      timeoutMs: 60_000,
      what: 'no open delivery',
    });
    expect(await openDeliveries(db)).to.deep.equal({ open: 0, unreceived: 0 });
  });

  it('records exactly the conflicts that happened, each once', async () => {
    const expected: string[] = [];
    for (const pair of await pairs.look()) {
      const { ours, theirs } = await pairs.shown(pair);
      for (const met of trueConflicts(teams.editsOf(pair), ours, theirs))
        expected.push(describeMeeting(pair.id, met));
    }
    const { rows } = await db.raw<{ rows: ReportedEvent[] }>(
      `select internal_id as row, kind, field, ours #>> '{}' as ours, theirs #>> '{}' as theirs from sync_conflicts order by id`,
    );
    const kinds = Object.groupBy(rows, ({ kind }) => kind);
    const found = rows.map((conflict) => describeMeeting(conflict.row, conflict));
    say(
      `${expected.length} conflicts expected, ${found.length} found: ` +
        Object.entries(kinds)
          .map(([kind, all = []]) => `${all.length} ${kind}`)
          .join(', '),
    );
    expect(difference(expected, found), 'missing').to.deep.equal([]);
    expect(difference(found, expected), 'a conflict that never was, or twice').to.deep.equal([]);
    expect(Object.keys(kinds).sort()).to.deep.equal(['both_moved', 'overwritten_unseen']);
  });

  it('explains each edit that did not survive', async () => {
    expect(await lossesOf(db, pairs.events(), teams.edits())).to.deep.equal([]);
  });
});

function describeMeeting(row: number, { field, ours, theirs }: Meeting): string {
  return `customer ${row}: ${field ?? ''} ${ours ?? ''} / ${theirs ?? ''}`;
}

/** Elements that are more often in `all` than in `known`. */
function difference(all: readonly string[], known: readonly string[]): string[] {
  const rest = [...known];
  return all.filter((one) => {
    const place = rest.indexOf(one);
    if (place >= 0) rest.splice(place, 1);
    return place < 0;
  });
}
