// docs/scaling.md: its statements work, and its calls for each change are those that are made.
import { expect } from 'chai';
import { settings } from '../../lib/config/schema.ts';
import { call, usePlace } from '../cli/twinbox.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { blocksOf, readPage } from './read-page.ts';

const page = readPage('docs/scaling.md');
const [callsMade = '', connections = '', sizes = ''] = blocksOf(page, 'sql');

type Made = { id: number; external_mappings: { stripe: string } };

/** `2: \`look\` and \`create\`` in the row of a change. */
function callsOf(change: string): string[] {
  const row = page.split('\n').find((line) => line.startsWith(`| ${change} | `)) ?? '';
  return [...(row.split(' | ')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
}

describe('docs/scaling.md', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const read = async <T>(statement: string): Promise<T[]> =>
    (await database.db.raw<{ rows: T[] }>(statement)).rows;

  it('says how many calls a change takes, which connections there are, and what needs space', async () => {
    const up = await place.up();
    const api = `${up.api}/api/v1/customers`;
    const headers = { 'content-type': 'application/json', prefer: 'wait=30' };
    const write = async (method: string, url: string, body: object): Promise<Made> => {
      const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
      return (await answer.json()) as Made;
    };
    const since = async (before: string[]): Promise<string[]> => {
      const rows = await read<{ operation: string; calls: string }>(callsMade);
      const all = rows.flatMap(({ operation, calls }) => Array<string>(Number(calls)).fill(operation));
      for (const one of before) all.splice(all.indexOf(one), 1);
      return all.filter((operation) => !['list', 'identify', 'feed'].includes(operation)).toSorted();
    };
    const made = await write('POST', api, { name: 'Ada', email: 'ada@example.com' });
    const ofCreate = await since([]);
    await write('PATCH', `${api}/${made.id}`, { name: 'Ada King' });
    const ofEdit = await since(ofCreate);
    await fetch(`${up.simulator}/v1/customers/${made.external_mappings.stripe}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_page' },
      body: new URLSearchParams({ name: 'Ada Lovelace' }),
    });
    await waitUntil(
      async () => (await call<{ name: string }>('GET', `${api}/${made.id}`)).name === 'Ada Lovelace',
      {
        timeoutMs: 30_000,
        what: 'the change at Stripe is in our table',
      },
    );
    // The calls of a step are stored when it ends.
    const ofInbound = await waitUntil(
      async () => {
        const calls = await since([...ofCreate, ...ofEdit]);
        return calls.length > 0 ? calls : undefined;
      },
      { timeoutMs: 30_000, what: 'the call is stored' },
    );
    expect({ ofCreate, ofEdit, ofInbound }).to.deep.equal({
      ofCreate: callsOf('a new customer of ours').toSorted(),
      ofEdit: callsOf('an edit or a delete of ours').slice(0, 1),
      ofInbound: callsOf('a change at Stripe'),
    });

    const open = await read<{ connections: string }>(connections);
    const most = Number(settings.find(([name]) => name === 'DATABASE_POOL_SIZE')?.[1].default);
    expect(page).to.include(`\`DATABASE_POOL_SIZE\` (${most})`);
    for (const { connections: count } of open) expect(Number(count)).to.be.within(1, most);
    const largest = await read<{ name: string }>(sizes);
    expect(largest.map(({ name }) => name)).to.include('sync_events');
  });
});
