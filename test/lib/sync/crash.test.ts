import { environmentWith } from '../../support/environment.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { databaseUrl } from '../../../db/server.ts';
import { expectAgreement } from '../../support/invariants.ts';
import { testServerUrl } from '../../support/server.ts';
import { waitUntil } from '../../support/signal.ts';
import { conflictsOf, expireLeases, mappingOf, outcomesOf } from '../../support/sync-rows.ts';
import { useSync } from '../../support/sync.ts';

/** Thirty processes load the same files. */
const CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), 'twinbox-compile-cache') };
const OPEN = ['queued', 'waiting', 'parked'];
const RECEIVE = ['receive.before', 'receive.after'];
const WRITE = ['intent.stored', 'intent.before-send', 'intent.answered'];
const SETTLE = ['settle.before', 'settle.before-commit', 'settle.after'];

describe('a worker that is killed', () => {
  const world = useSync();

  type Way = {
    name: string;
    points: string[];
    /** Brings about what the worker is to do; the customer it is about. */
    prepare: () => Promise<number>;
    /** What has to be true at the end, besides agreement. */
    check?: (customer: number) => Promise<void>;
  };

  const ways: Way[] = [
    {
      name: 'while it makes a customer',
      points: [...RECEIVE, 'reconcile.loaded', ...WRITE, ...SETTLE],
      prepare: async () => (await world.create()).id,
    },
    {
      name: 'while it updates one',
      points: ['reconcile.loaded', ...WRITE, ...SETTLE],
      prepare: async () => {
        const id = await linked();
        await world.update(id, { name: `Changed ${id}` });
        return id;
      },
    },
    {
      name: 'while it deletes one',
      points: ['reconcile.loaded', 'remove.guarded', ...WRITE, ...SETTLE],
      prepare: async () => {
        const id = await linked();
        await world.remove(id);
        return id;
      },
    },
    {
      name: 'while it merges both sides and writes both',
      points: [
        'reconcile.read',
        'write-ours.before-commit',
        'write-ours.after',
        'intent.stored',
        'intent.answered',
      ],
      prepare: async () => {
        const id = await linked();
        world.simulator.dashboard.updateCustomer(await externalIdOf(id), {
          name: `Theirs ${id}`,
          email: `theirs${id}@example.com`,
        });
        await world.update(id, { name: `Ours ${id}` });
        await world.poke(id);
        return id;
      },
      check: async (id) => {
        expect((await conflictsOf(world.db, id)).map(({ ours, theirs }) => [ours, theirs])).to.deep.equal([
          [`Ours ${id}`, `Theirs ${id}`],
        ]);
      },
    },
    {
      name: 'while it takes over their delete',
      points: ['delete-ours.before-commit', 'delete-ours.after'],
      prepare: async () => {
        const id = await linked();
        world.simulator.dashboard.deleteCustomer(await externalIdOf(id));
        await world.poke(id);
        return id;
      },
    },
  ];

  for (const { name, points, prepare, check } of ways) {
    it(`${name} leaves nothing undone, at any point`, async () => {
      const url = databaseUrl(await testServerUrl(), await databaseName());
      const start = (point: string | undefined) => (point === undefined ? null : startChild(url, point));
      let next = start(points[0]);
      for (const [index, point] of points.entries()) {
        const child = next;
        next = start(points[index + 1]); // loads while this one works
        const customer = await prepare();
        expect(await child?.run(), point).to.equal('SIGKILL');
        await backendsEnd();
        await expireLeases(world.db);
        await world.run();
        await expectAgreement(world);
        const outcomes = await outcomesOf(world.db, customer);
        expect(
          outcomes.filter((status) => OPEN.includes(status)),
          point,
        ).to.deep.equal([]);
        await check?.(customer);
      }
    });
  }

  /** One that is loaded and waits; `run` lets it go and answers by what it ended. */
  function startChild(url: string, point: string): { run(): Promise<unknown> } {
    const script = new URL('../../support/lane-child.ts', import.meta.url).pathname;
    const enable = new URL('../../support/enable-failpoints.ts', import.meta.url).href;
    const child = spawn(
      process.execPath,
      ['--import', enable, script, url, world.simulator.url, world.clock.now().toISOString()],
      {
        env: environmentWith({ ...CACHE, FAILPOINTS: `${point}=kill` }),
        stdio: ['pipe', 'inherit', 'inherit'],
      },
    );
    return {
      run: async () => {
        const ended = once(child, 'exit');
        child.stdin.write('go\n');
        return ((await ended) as unknown[])[1];
      },
    };
  }

  /** A transaction of a killed process ends when the server notices. */
  async function backendsEnd(): Promise<void> {
    const gone = async (): Promise<boolean> => {
      const { rows } = await world.db.raw<{ rows: unknown[] }>(
        `select 1 from pg_stat_activity where datname = current_database() and application_name = 'lane-child'`,
      );
      return rows.length === 0;
    };
    await waitUntil(gone, {
      timeoutMs: 10_000,
      everyMs: 5,
      what: 'the end of the killed process’s connections',
    });
  }

  async function linked(): Promise<number> {
    const { id } = await world.create();
    await world.run();
    return id;
  }

  async function externalIdOf(id: number): Promise<string> {
    return (await mappingOf(world.db, id)).externalId ?? '';
  }

  async function databaseName(): Promise<string> {
    const { rows } = await world.db.raw<{ rows: { name: string }[] }>(`select current_database() as name`);
    return rows[0]?.name ?? '';
  }
});
