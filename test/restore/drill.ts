// What the drills share: a whole Twinbox in one process, a Stripe simulator, servers, and the
// commands of docs/restore.md.
import { expect } from 'chai';
import { createDb, type Db } from '../../db/server/connection.ts';
import { call, usePlace, type Place, type Up } from '../cli/twinbox.ts';
import type { Installed } from '../db/installed-server.ts';
import { freePorts } from '../kafka/support/ports.ts';
import { effectsTwice, livingOnBothSides, openDeliveries } from '../processes/at-the-end.ts';
import { createFleet, type Fleet, type Member } from '../processes/fleet.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { waitUntil } from '../support/signal.ts';
import { runBlock } from './page.ts';
import { makeServer, type Server } from './servers.ts';

export type Customer = { id: number; version: number; name: string };

/** No assertion depends on the speed of the machine. */
export const LONG = { timeoutMs: 600_000, everyMs: 100 };

const SECRET = 'whsec_only_for_the_simulator';

export type Drill = {
  /** DATABASE_URL of the next process that is started. */
  url: string;
  readonly folder: string;
  readonly simulator: Member;
  /** Killed at the end of the test. */
  readonly servers: Server[];
  readonly place: Place;
  start(name: string, settings?: string[]): Promise<Server>;
  /** Runs a block of the page; returns its output. */
  page(block: string | undefined, variables: Record<string, string>): Promise<string>;
  end(up: Up): Promise<void>;
  withDb<T>(work: (db: Db) => Promise<T>): Promise<T>;
  make(up: Up, name: string): Promise<Customer>;
  /** Runs `verify` until it finds no drift. */
  verified(): Promise<void>;
  /** Asserts what must hold at the end of each drill; returns how many customers live. */
  nothingLostNorDoubled(): Promise<number>;
};

/** Call this in the body of a `describe`. */
export function useDrill(programs: Installed): Drill {
  let folder = '';
  let url = '';
  let apiPort = 0;
  let fleet: Fleet;
  let simulator: Member;
  const servers: Server[] = [];
  const settings = () => ({
    SIMULATOR_URL: simulator.url,
    SIMULATOR_WEBHOOK_SECRET: SECRET,
    STRIPE_RATE_LIMIT: '400',
    STRIPE_ENDPOINT_RATE_LIMIT: '100',
  });
  const place = usePlace(() => ({ DATABASE_URL: url, API_PORT: String(apiPort), ...settings() }));

  beforeEach('make a folder, a simulator and an address of the API', async () => {
    folder = await makeRunFolder('twinbox-drill-');
    [apiPort = 0] = await freePorts(1);
    fleet = createFleet(() => ({ TWINBOX_DATA_DIR: folder, SIMULATOR_WEBHOOK_SECRET: SECRET }));
    simulator = await fleet.start('simulator', {
      SIMULATOR_PORT: '0',
      SIMULATOR_GLOBAL_PER_SECOND: 'off',
      SIMULATOR_ENDPOINT_PER_SECOND: 'off',
      SIMULATOR_WEBHOOK_URL: `http://127.0.0.1:${apiPort}/api/v1/webhooks/stripe`,
    });
  });
  afterEach('end everything', async () => {
    await fleet.endAll();
    await Promise.all(servers.splice(0).map((server) => server.kill()));
    await removeRunFolder(folder);
  });

  const start = async (name: string, serverSettings: string[] = []): Promise<Server> => {
    const server = await makeServer(programs, folder, name, serverSettings);
    servers.push(server);
    return server;
  };
  const page = async (block: string | undefined, variables: Record<string, string>): Promise<string> => {
    const done = await runBlock(programs, block ?? 'false', { ...settings(), ...variables });
    expect(done.code, `${block}${done.stderr}${done.stdout}`).to.equal(0);
    return done.stdout;
  };
  const end = async (up: Up): Promise<void> => {
    up.process.kill('SIGTERM');
    await up.exited;
  };
  const withDb = async <T>(work: (db: Db) => Promise<T>): Promise<T> => {
    const db = createDb({ url, poolSize: 2, applicationName: 'drill' });
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  };
  const make = (up: Up, name: string) =>
    call<Customer>('POST', `${up.api}/api/v1/customers`, { name, email: `${name}@example.com` });
  const verified = async (): Promise<void> => {
    await waitUntil(
      async () => {
        const { code } = await place.run(['verify', '--wait', '30']);
        return code === 0 || undefined;
      },
      { ...LONG, what: 'both sides agree' },
    );
  };
  const nothingLostNorDoubled = async (): Promise<number> => {
    expect(await effectsTwice({ simulator })).to.deep.equal([]);
    return withDb(async (db) => {
      await waitUntil(async () => (await openDeliveries(db)).open === 0, {
        ...LONG,
        what: 'no open delivery',
      });
      const { here, linked, there } = await livingOnBothSides({ simulator }, db);
      expect({ linked, there }).to.deep.equal({ linked: here, there: here });
      return here;
    });
  };

  return {
    get url() {
      return url;
    },
    set url(next) {
      url = next;
    },
    get folder() {
      return folder;
    },
    get simulator() {
      return simulator;
    },
    ...{ servers, place, start, page, end, withDb, make, verified, nothingLostNorDoubled },
  };
}
