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
import type { Db } from '../db/server/connection.ts';
import { migrate } from '../db/server/migrate.ts';
import type { UserConfig } from '../lib/catalogue/define-config.ts';
import type { Edit } from '../simulator/control/dashboard.ts';
import { startApi } from '../test/api/start-api.ts';
import { ownCatalogue } from '../test/support/catalogues.ts';
import { createTestDatabase } from '../test/support/database.ts';
import { stopOwnServer } from '../test/support/server.ts';
import { addTo, costOf, printTable, quantile, withoutPageImages, type Cost, type Costs } from './meter.ts';
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
  { field: 'tax', type: 'enum', values: ['none', 'exempt', 'reverse'], external: 'tax_exempt', value: 'exempt' },
  { field: 'plan', type: 'enum', values: ['free', 'team'], external: 'metadata.plan', value: 'team' },
  { field: 'seats', type: 'integer', external: 'metadata.seats', value: 12 },
  { field: 'since', type: 'timestamp', external: 'metadata.since', value: '2025-11-03T09:30:00Z' },
] as const;

const config: UserConfig = {
  entities: {
    customer: {
      fields: Object.fromEntries(
        FURTHER.map(({ field, type, ...more }) => [field, { type, ...('values' in more && { values: more.values }) }]),
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

interface Candidate {
  steps: Steps;
  /** The requests to the API. */
  requests: Costs;
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
    ...{ steps, requests },
    async stop() {
      await api.server.close();
      await steps.close();
      await db.destroy();
      await drop();
    },
  };
}

function editsOf(
  { meter }: Steps,
  { send }: Awaited<ReturnType<typeof startApi>>,
  requests: Costs,
  isFilled: boolean,
): Edits {
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
    create: () => ask('POST, all fields', 'POST', '/api/v1/customers', { ...fresh(), ...(isFilled && FILLED) }),
    update: (id) => ask('PATCH, one field', 'PATCH', `/api/v1/customers/${id}`, { name: `Customer ${++serial}` }),
    newRecord: () => ({ ...fresh(), ...(isFilled && FILLED_RECORD) }),
    changedRecord: () => ({ name: `Customer ${++serial}` }),
  };
}

const MEASURES: Record<string, { of: (cost: Cost) => number; digits: number }> = {
  'SQL statements': { of: ({ statements, events }) => statements / events, digits: 2 },
  'round trips': { of: ({ roundTrips, events }) => roundTrips / events, digits: 2 },
  'WAL bytes': { of: ({ wal, events }) => wal / events, digits: 0 },
  'ms: median': { of: ({ ms }) => quantile(ms, 0.5), digits: 2 },
  'calls of Stripe': { of: ({ calls, events }) => calls.length / events, digits: 2 },
};

function report(builtIn: Candidate, filled: Candidate, empty: Candidate): void {
  const all = ({ requests, steps }: Candidate): [string, Cost][] => [
    ...[...requests].map(([what, cost]): [string, Cost] => [`API: ${what}`, cost]),
    ...[...steps.received].map(([what, cost]): [string, Cost] => [`received: ${what}`, cost]),
    ...WORKS.map((what): [string, Cost] => [`step: ${what}`, costOf(steps.reconciled, what)]),
  ];
  const [a, b, c] = [new Map(all(builtIn)), new Map(all(filled)), new Map(all(empty))];
  for (const [measure, { of, digits }] of Object.entries(MEASURES)) {
    const rows = [...a.keys()].map((what) => {
      const [x, y, z] = [a, b, c].map((costs) => of(costOf(costs, what))) as [number, number, number];
      const share = measure === 'WAL bytes' ? [`${Math.round((100 * (y - z)) / (y - x))} %`] : [];
      return [what, x.toFixed(digits), y.toFixed(digits), ratio(y, x), z.toFixed(digits), ratio(z, x), ...share];
    });
    const head = [measure, 'A: built-in', 'B: 12 fields', 'B/A', 'C: 10 of 12 empty', 'C/A'];
    printTable([measure === 'WAL bytes' ? [...head, 'values of (B-A)'] : head, ...rows]);
  }
}

const ratio = (of: number, to: number): string => (of === to ? '1.00' : (of / to).toFixed(2));

const admin = await createTestDatabase();
try {
  await withoutPageImages(admin.db, async () => {
    const [builtIn, filled, empty] = [await start(false, false), await start(true, true), await start(true, false)];
    for (const what of WORKS)
      for (const { steps } of [builtIn, empty, filled, filled, empty, builtIn]) await steps.measure(what);
    console.log(
      `Catalogue: ${HALF * 2} of each; the values of the ten further fields have ${JSON.stringify(Object.values(FILLED)).length} bytes as JSON, their names ${JSON.stringify(Object.keys(FILLED)).length}`,
    );
    report(builtIn, filled, empty);
    for (const one of [builtIn, filled, empty]) await one.stop();
  });
} finally {
  await admin.db.destroy();
  await admin.drop();
  await stopOwnServer({ keep: false });
}
