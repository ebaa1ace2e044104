import { expect } from 'chai';
import { recordAction, type Recorded } from '../../db/operator-actions.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { createTestClock } from '../support/clock.ts';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

const audit = '/api/v1/audit';
const NOW = new Date('2026-03-01T12:00:00.000Z');
const HOUR = 3_600_000;

describe('GET /audit', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  let customer = 0;

  const record = (asked: Partial<Recorded>): Promise<number> =>
    withTransaction(database.db, (tx) =>
      recordAction(tx, {
        ...{ action: 'pause', system: 'stripe', actor: 'cli:ada on host', reason: null, detail: {}, at: NOW },
        ...asked,
      }),
    );

  before('record operations', async () => {
    api = await startApi({ db: database.db, clock: createTestClock(NOW) });
    const made = await api.send('POST', '/api/v1/customers', {
      body: { name: 'Ada', email: 'ada@example.org' },
    });
    customer = made.json.id ?? 0;
    await database.db.raw(
      `insert into external_mappings (system, entity_type, external_type, internal_id, next_attempt_at)
       values ('stripe', 'customer', 'customer', :customer, now())`,
      { customer },
    );
    const [pair] = await database.db<{ id: number }>('external_mappings');
    await record({
      at: new Date(NOW.getTime() - 3 * HOUR),
      reason: 'prices',
      before: { paused_at: null },
      after: { paused_at: NOW },
    });
    await record({ action: 'create_key', system: '', actor: 'key:boss/3f9c1a2b7d04' });
    await record({ action: 'resolve', pairs: [{ mappingId: pair?.id ?? 0, eventId: null }] });
    await record({ action: 'resume', at: new Date(NOW.getTime() - HOUR) });
  });
  after(() => api.server.close());

  const list = async (query = ''): Promise<Body[]> => {
    const answer = await api.send('GET', audit + query);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', audit, answer);
    return answer.list;
  };
  const actions = async (query: string): Promise<unknown[]> =>
    (await list(query)).map((entry) => entry['action']);

  it('lists who did what, when and why, newest first', async () => {
    const [newest, , key, first] = await list();
    expect(newest).to.include({ action: 'resume', system: 'stripe', key: null, pairs: 0 });
    expect(key).to.include({
      action: 'create_key',
      system: null,
      actor: 'key:boss/3f9c1a2b7d04',
      key: '3f9c1a2b7d04',
    });
    expect(first).to.deep.include({
      reason: 'prices',
      before: { paused_at: null },
      previous: '0'.repeat(64),
    });
    expect(key?.['previous']).to.equal(first?.['hash']);
  });

  it('takes the filters alone and together', async () => {
    expect(await actions('?action=pause')).to.deep.equal(['pause']);
    expect(await actions('?actor=key%3Aboss%2F3f9c1a2b7d04')).to.deep.equal(['create_key']);
    expect(await actions('?system=stripe&until=30m')).to.deep.equal(['resume', 'pause']);
    expect(await actions('?since=2h')).to.deep.equal(['resume', 'resolve', 'create_key']);
    expect(await actions(`?customer=${customer}`)).to.deep.equal(['resolve']);
    expect(await actions(`?customer=${customer}&action=pause`)).to.deep.equal([]);
  });

  it('has pages that an operation in between does not shift, with the filter', async () => {
    const first = await api.send('GET', `${audit}?limit=2&system=stripe`);
    await record({ action: 'replay' });
    const link = /<([^>]+)>; rel="next"/.exec(first.headers.get('Link') ?? '')?.[1] ?? '';
    const second = await api.send('GET', link);
    const shown = [...first.list, ...second.list].map((entry) => entry['action']);
    expect(shown).to.deep.equal(['resume', 'resolve', 'pause']);
    expect(second.headers.get('Link')).to.equal(null);
    expectProblem(
      await api.send('GET', link.replace('system=stripe', 'system=acme')),
      400,
      'invalid_request',
    );
  });

  for (const query of [
    '?actions=pause',
    '?action=Pause',
    '?since=yesterday',
    '?since=1h&until=2h',
    '?customer=0',
    '?system=;',
    '?actor=a%00b',
  ])
    it(`refuses ${query}`, async () => {
      const answer = await api.send('GET', audit + query);
      expectProblem(answer, 400, 'invalid_request');
      expectDescribed('get', audit, answer);
    });
});
