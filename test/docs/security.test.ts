// docs/security.md says in which tables the values of customers are: all tables are searched for one.
import { expect } from 'chai';
import { call, usePlace } from '../cli/twinbox.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { readPage, sectionsOf } from './read-page.ts';

const [, stored = ''] =
  [...sectionsOf(readPage('docs/security.md'))].find(([name]) => name.startsWith('What is')) ?? [];
const named = [...stored.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`(\w+)`/g)].map(([, table = '']) => table),
);
const NAME = 'Canaria Zweifalter';
const EMAIL = 'canary.zweifalter@example.com';

type Made = { id: number; external_mappings: { stripe: string } };

describe('docs/security.md', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url, LOG_LEVEL: 'debug', LOG_FORMAT: 'json' }));

  async function tablesWith(text: string): Promise<string[]> {
    const { rows } = await database.db.raw<{ rows: { name: string }[] }>(
      `select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace
         and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
    );
    const found: string[] = [];
    for (const { name } of rows) {
      const { rows: hits } = await database.db.raw<{ rows: object[] }>(
        `select from ${name} as t where position(lower(?) in lower(t::text)) > 0 limit 1`,
        [text],
      );
      if (hits.length > 0) found.push(name);
    }
    return found;
  }

  it('names every table in which the name or the email of a customer is, and the log has neither', async () => {
    const up = await place.up();
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'one', prefer: 'wait=20' };
    const api = `${up.api}/api/v1/customers`;
    const body = JSON.stringify({ name: NAME, email: EMAIL });
    const made = await fetch(api, { method: 'POST', headers, body });
    const { id, external_mappings: pairs } = (await made.json()) as Made;
    // Changed at Stripe too; then Stripe refuses a change of ours, and the pair is parked.
    await fetch(`${up.simulator}/v1/customers/${pairs.stripe}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_page' },
      body: new URLSearchParams({ name: `${NAME} Junior` }),
    });
    await waitUntil(
      async () => (await call<{ name: string }>('GET', `${api}/${id}`)).name.endsWith('Junior'),
      { timeoutMs: 30_000, what: 'the change at Stripe is in our table' },
    );
    await call('POST', `${up.simulator}/_sim/faults`, {
      ...{ kind: 'error_before_effect', method: 'POST', path: `/v1/customers/${pairs.stripe}`, status: 400 },
      ...{ code: 'email_invalid', stored: false, times: null },
    });
    await call('PATCH', `${api}/${id}`, { email: `new.${EMAIL}` });
    const { stdout } = await place.run(['verify', '--wait', '20']);
    expect(stdout).to.include('1 parked');
    const found = [...new Set([...(await tablesWith('zweifalter')), ...(await tablesWith(NAME))])].toSorted();
    expect(named).to.include.members(found);
    expect(found).to.include.members([
      'customers',
      'external_mappings',
      'idempotent_writes',
      'sync_deliveries',
      'sync_events',
      'sync_intents',
    ]);
    expect(up.stderr())
      .to.include('"level"')
      .and.not.match(/zweifalter/i);
  });
});
