/**
 * What a configured catalogue costs: the built-in one (name and email) beside one with twelve
 * fields, by the API and by each kind of step.
 *
 *   node bench/catalogue.ts [--events 120]
 *
 * Three databases on one server, each with an engine and a simulator of its own: the built-in
 * catalogue, twelve fields that are all filled, and the same twelve with the ten further ones
 * empty. The difference of the last two is what the values themselves cost. Each workload runs in
 * the order A, C, B, B, C, A, so that a machine that gets faster or slower meanwhile favours none.
 * Our edits are requests to the API over HTTP, in this process; the time of a step is without the
 * time of Stripe's calls (steps.ts). Nothing waits for the disk.
 */
import { parseArgs } from 'node:util';
import { migrate } from '../db/server/migrate.ts';
import type { UserConfig } from '../lib/catalogue/define-config.ts';
import type { Edit } from '../simulator/control/dashboard.ts';
import { startApi } from '../test/api/start-api.ts';
import { ownCatalogue } from '../test/support/catalogues.ts';
import { createTestDatabase } from '../test/support/database.ts';
import { stopOwnServer } from '../test/support/server.ts';
import { addTo, costOf, printTable, quantile, withSteadyWal, type Cost, type Costs } from './meter.ts';
import { createSteps, WORKS, type Edits, type Steps } from './steps.ts';

const { values } = parseArgs({ options: { events: { type: 'string', default: '120' } } });
const HALF = Math.ceil(Number(values.events) / 2);

/** The ten further fields: at our side, at Stripe, and a value in the form of each side. */
const FURTHER = [
  { field: 'phone', type: 'text', external: 'phone', value: '+49 30 901820' },
  { field: 'description', type: 'text', external: 'description', value: 'Ordered at the fair in May' },
  { field: 'street', type: 'text', external: 'address.line1', value: 'Invalidenstraße 117' },
  { field: 'city', type: 'text', external: 'address.city', value: 'Berlin' },
  { field: 'postal_code', type: 'text', external: 'address.postal_code', value: '10115' },
  { field: 'country', type: 'text', external: 'address.country', value: 'DE' },
  {
    field: 'tax',
    type: 'enum',
    values: ['none', 'exempt', 'reverse'],
    external: 'tax_exempt',
    value: 'exempt',
  },
  { field: 'plan', type: 'enum', values: ['free', 'team'], external: 'metadata.plan', value: 'team' },
  { field: 'seats', type: 'integer', external: 'metadata.seats', value: 12 },
  { field: 'since', type: 'timestamp', external: 'metadata.since', value: '2025-11-03T09:30:00Z' },
] as const;

const config: UserConfig = {
  entities: {
    customer: {
      fields: Object.fromEntries(
        FURTHER.map(({ field, type, ...more }) => [
          field,
          { type, ...('values' in more && { values: more.values }) },
        ]),
      ),
    },
  },
  systems: {
    stripe: { customer: { fields: FURTHER.map(({ field, external }) => ({ internal: field, external })) } },
  },
};

/** What a customer has besides name and email. */
const FILLED = Object.fromEntries(FURTHER.map(({ field, value }) => [field, value]));
const FILLED_RECORD: Edit = {};
for (const { external, value } of FURTHER) {
  const [name = '', part] = external.split('.');
  if (part === undefined) FILLED_RECORD[name] = String(value);
  else FILLED_RECORD[name] = { ...(FILLED_RECORD[name] as object | undefined), [part]: String(value) };
}

type Api = Awaited<ReturnType<typeof startApi>>;

interface Candidate {
  steps: Steps;
  /** The requests to the API. */
  requests: Costs;
  send: Api['send'];
  stop(): Promise<void>;
}

async function start(isConfigured: boolean, isFilled: boolean): Promise<Candidate> {
  const { db, drop } = await createTestDatabase();
  const own = isConfigured ? ownCatalogue(config) : undefined;
  if (own) await migrate(db, { catalogue: own.table });
  const steps = await createSteps(db, own);
  const api = await startApi({ db, clock: steps.world.clock, ...(own && { entity: own.entity }) });
  const requests: Costs = new Map();
  await steps.prepare(editsOf(steps, api, requests, isFilled), HALF);
  for (const costs of [requests, steps.received, steps.reconciled]) costs.clear();
  return {
    ...{ steps, requests, send: api.send },
    async stop() {
      await api.server.close();
      await steps.close();
      await db.destroy();
      await drop();
    },
  };
}

function editsOf({ meter }: Steps, { send }: Api, requests: Costs, isFilled: boolean): Edits {
  let serial = 0;
  const fresh = () => ({ name: `Customer ${++serial}`, email: `c${serial}@example.com` });
  async function ask(what: string, method: string, path: string, body: object): Promise<void> {
    const cost = costOf(requests, what);
    await meter.read();
    const begin = performance.now();
    const { status, text } = await send(method, path, { body });
    cost.ms.push(performance.now() - begin);
    addTo(cost, 1, await meter.read());
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
  }
  return {
    create: () =>
      ask('POST, all fields', 'POST', '/api/v1/customers', { ...fresh(), ...(isFilled && FILLED) }),
    update: (id) =>
      ask('PATCH, one field', 'PATCH', `/api/v1/customers/${id}`, { name: `Customer ${++serial}` }),
    newRecord: () => ({ ...fresh(), ...(isFilled && FILLED_RECORD) }),
    changedRecord: () => ({ name: `Customer ${++serial}` }),
  };
}

/** `of`: null if a cost has too few times for a median. */
const MEASURES: Record<string, { of: (cost: Cost) => number | null; digits: number }> = {
  'SQL statements': { of: ({ statements, events }) => statements / events, digits: 2 },
  'round trips': { of: ({ roundTrips, events }) => roundTrips / events, digits: 2 },
  'WAL bytes': { of: ({ wal, events }) => wal / events, digits: 0 },
  'ms: median': { of: ({ ms }) => (ms.length < 10 ? null : quantile(ms, 0.5)), digits: 2 },
};

function report(builtIn: Candidate, filled: Candidate, empty: Candidate): void {
  const all = ({ requests, steps }: Candidate): [string, Cost][] => [
    ...[...requests].map(([what, cost]): [string, Cost] => [`API: ${what}`, cost]),
    ...[...steps.received].map(([what, cost]): [string, Cost] => [`received: ${what}`, cost]),
    ...WORKS.map((what): [string, Cost] => [`step: ${what}`, costOf(steps.reconciled, what)]),
  ];
  const [b, c] = [new Map(all(filled)), new Map(all(empty))];
  for (const [measure, { of, digits }] of Object.entries(MEASURES)) {
    const isWal = measure === 'WAL bytes';
    const rows = all(builtIn).flatMap(([what, cost]) => {
      const [x, y, z] = [of(cost), of(costOf(b, what)), of(costOf(c, what))];
      if (x === null || y === null || z === null) return [];
      const ofValues = isWal ? [(y - z).toFixed(digits)] : [];
      const ratios = [(y / x).toFixed(2), (z / x).toFixed(2)] as const;
      return [
        [what, x.toFixed(digits), y.toFixed(digits), ratios[0], z.toFixed(digits), ratios[1], ...ofValues],
      ];
    });
    const head = [measure, 'A: built-in', 'B: 12 filled', 'B/A', 'C: 10 of 12 empty', 'C/A'];
    printTable([isWal ? [...head, 'B - C: the values'] : head, ...rows]);
  }
}

/** Stripe takes the parts of an address together, so such an edit first reads the record. */
async function partOfAddress({ steps: { world, anyId }, send }: Candidate): Promise<string> {
  const before = world.calls().length;
  await send('PATCH', `/api/v1/customers/${anyId}`, { body: { city: 'Leipzig' } });
  await world.run();
  return `an edit of a part of the address: ${world.calls().slice(before).join(', ')}`;
}

const admin = await createTestDatabase();
try {
  await withSteadyWal(admin.db, async () => {
    const [builtIn, filled, empty] = [
      await start(false, false),
      await start(true, true),
      await start(true, false),
    ];
    for (const what of WORKS)
      for (const { steps } of [builtIn, empty, filled, filled, empty, builtIn]) await steps.measure(what);
    const bytes = (json: unknown): number => Buffer.byteLength(JSON.stringify(json));
    const names = bytes(Object.keys(FILLED));
    console.log(
      `Catalogue: ${HALF * 2} of each. The ten further fields as JSON: values ${bytes(Object.values(FILLED))} bytes, names ${names} bytes.`,
    );
    report(builtIn, filled, empty);
    console.log(`\n${await partOfAddress(filled)}`);
    for (const one of [builtIn, filled, empty]) await one.stop();
  });
} finally {
  await admin.db.destroy();
  await admin.drop();
  await stopOwnServer({ keep: false });
}
