/** Events as Stripe signs and sends them, and the API that takes them in. */
import { createHmac } from 'node:crypto';
import { bindConnection, ensureConnection } from '../../db/connections.ts';
import { withTransaction, type Db } from '../../db/server/connection.ts';
import { createStripeIntegration } from '../../lib/integrations/stripe/stripe.ts';
import { CUSTOMER, EVENT } from '../lib/integrations/stripe/events.ts';
import { createWebhookTally } from '../../lib/health/webhook-tally.ts';
import { createTestClock } from '../support/clock.ts';
import type { TestDatabase } from '../support/database.ts';
import { startApi, type Answer } from './start-api.ts';

export const ACCOUNT = 'acct_ours';
export const SECRET = 'whsec_of_a_test';
export const TAG_KEY = 'twinbox_test0000';
const PATH = '/api/v1/webhooks/stripe';

export const NOW = new Date('2026-03-01T12:00:00.250Z');

export type Intake = Awaited<ReturnType<typeof startIntake>>;

/** A system that sends the same events and signs nothing. */
export const UNSIGNED = 'unsigned';

export type IntakeOptions = {
  secrets?: string[];
  apiKeys?: string[];
  /** Beside Stripe there is a system that signs nothing. */
  unsigned?: boolean;
};

export async function startIntake(
  db: Db,
  { secrets = [SECRET], apiKeys = [], unsigned = false }: IntakeOptions = {},
) {
  const clock = createTestClock(NOW);
  // No call is made there: an event is only stored.
  const integration = createStripeIntegration({
    secretKey: 'sk_test_twinbox_fake',
    apiBase: 'http://127.0.0.1:9',
    tagKey: TAG_KEY,
  });
  const { system, ingress } = integration;
  if (!ingress) throw new Error('Stripe sends webhooks');
  let stored = 0;
  const inbox = { db, clock, integration, retentionDays: 35, nudge: () => void (stored += 1) };
  const warned: { event: string; fields: Record<string, unknown> }[] = [];
  const warn = (event: string, fields: Record<string, unknown>): void => void warned.push({ event, fields });
  const tally = createWebhookTally({ db, clock, system, log: { warn } });
  let elapsed = 0;
  const source = { system, ingress, secrets, inbox, tally };
  const other = { ...source, system: UNSIGNED, ingress: { ...ingress, verify: null }, secrets: [] };
  const api = await startApi({
    ...{ db, apiKeys, clock, elapsed: () => elapsed },
    webhooks: unsigned ? [source, other] : [source],
  });

  function post(body: string | Uint8Array, headers: Record<string, string>): Promise<Answer> {
    return api.send('POST', PATH, { body, headers });
  }
  return {
    api,
    clock,
    post,
    path: PATH,
    /** Lets so many milliseconds pass by the clock that only goes on. */
    pass: (ms: number) => void (elapsed += ms),
    /** Stores the counts, as the process does every few seconds. */
    flush: tally.flush,
    warned,
    source,
    /** Signs as Stripe does, and sends. */
    postSigned: (event: unknown): Promise<Answer> => {
      const body = typeof event === 'string' ? event : JSON.stringify(event);
      return post(body, { 'Stripe-Signature': signed(body) });
    },
    /** How often the relay was notified. */
    nudges: () => stored,
    close: () => api.server.close(),
  };
}

/** One of the tests of a `describe`, whose account is bound; to be used inside hooks and tests. */
export function useIntake(database: TestDatabase, options: IntakeOptions = {}): Intake {
  let current: Intake | undefined;
  before('bind the account, and start the API', async () => {
    await bind(database.db);
    current = await startIntake(database.db, options);
  });
  after('stop the API', () => current?.close());
  return new Proxy({} as Intake, { get: (_, name): unknown => Reflect.get(current ?? {}, name) });
}

export async function bind(db: Db): Promise<void> {
  await ensureConnection(db, 'stripe');
  await withTransaction(db, (tx) =>
    bindConnection(tx, { system: 'stripe', account: ACCOUNT, livemode: false, now: NOW }),
  );
}

export function seconds(offset = 0): number {
  return Math.floor(NOW.getTime() / 1_000) + offset;
}

export function signature(
  body: string | Uint8Array,
  secret = SECRET,
  t: number | string = seconds(),
): string {
  return createHmac('sha256', secret).update(`${t}.`).update(body).digest('hex');
}

export function signed(body: string | Uint8Array, secret = SECRET, t = seconds()): string {
  return `t=${t},v1=${signature(body, secret, t)}`;
}

let made = 0;

/** An event with an id of its own; also its customer has an id of its own, unless one is given. */
export function freshEvent(changes: Record<string, unknown> = {}, customer: Record<string, unknown> = {}) {
  made += 1;
  const object = { ...CUSTOMER, id: `cus_${made}`, ...customer };
  return {
    ...EVENT,
    id: `evt_fresh_${made}`,
    created: seconds(-5),
    data: { object, previous_attributes: { name: 'Adele' } },
    ...changes,
  };
}

/** All rows of all tables: a refused request must not add to them. */
export async function countRows(db: Db): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select sum((xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %I', relname), false, true, '')))[1]::text::bigint)::bigint as count
     from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  );
  return rows[0]?.count ?? 0;
}
