import { expect } from 'chai';
import { insertRefusal } from '../../db/inbound.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, unlinkedRow, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

const path = '/api/v1/find';

describe('/find', () => {
  const world = useTwoWay();
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi({ db: world.db, clock: world.clock });
  });
  afterEach(() => api.server.close());

  async function find(q: string): Promise<{ kinds: string[]; tried: string[] }> {
    const answer = await api.send('GET', `${path}?q=${encodeURIComponent(q)}`);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', path, answer);
    const found = answer.json['found'] as Body[];
    for (const { path: place } of found) {
      const there = await api.send('GET', String(place));
      // Without planners nothing explains a mapping.
      if (!String(place).endsWith('/explain')) expect(there.status, String(place)).to.equal(200);
    }
    return {
      kinds: found.map(({ kind, id }) => `${String(kind)} ${String(id)}`),
      tried: answer.json['tried'] as string[],
    };
  }

  it('finds a customer and its pair by its number, its email, its record and what was sent and received for it', async () => {
    const { id, externalId } = await linkedPair(world, { name: 'Ada', email: 'ada@example.com' });
    const { id: mapping } = await mappingOf(world.db, id);
    const both = [`customer ${id}`, `mapping ${mapping}`];
    expect((await find(String(id))).kinds).to.include(`customer ${id}`);
    expect((await find(String(mapping))).kinds).to.include(`mapping ${mapping}`);
    expect((await find(' ADA@example.com')).kinds).to.deep.equal([`customer ${id}`]);
    expect((await find(externalId)).kinds).to.deep.equal(both);
    const [attempt] = await world.db('sync_attempts').whereNotNull('request_id');
    const { id: call, request_id: request } = attempt as { id: string; request_id: string };
    expect((await find(request)).kinds).to.deep.equal([`attempt ${call}`, ...both]);
    const [intent] = await world.db('sync_intents');
    expect((await find(String((intent as { id: string }).id))).kinds).to.deep.equal(both);
    const [theirs] = await world.db('sync_events').whereLike('event_type', 'stripe.%');
    const { event_id: event, payload } = theirs as {
      event_id: string;
      payload: { external: { event: string } };
    };
    expect(payload.external.event).to.match(/^evt_/);
    expect((await find(payload.external.event)).kinds).to.deep.equal([`event ${event}`]);
    expect((await find(event.toUpperCase())).kinds).to.deep.equal([`event ${event}`]);
  });

  it('finds the events of a request, an event that was refused, and a group', async () => {
    const body = { name: 'Bo', email: 'bo@example.com' };
    const made = await api.send('POST', '/api/v1/customers', { body });
    const [ours] = await world.db('sync_events').where({ entity_id: made.json.id });
    const { event_id: event, context } = ours as { event_id: string; context: { request_id: string } };
    expect(made.headers.get('X-Request-Id')).to.equal(context.request_id);
    expect((await find(context.request_id)).kinds).to.deep.equal([`event ${event}`]);
    const refused = { system: 'stripe', externalEventId: 'evt_refused', reason: 'unreadable', detail: null };
    await withTransaction(world.db, (tx) => insertRefusal(tx, { ...refused, now: world.clock.now() }));
    expect((await find('evt_refused')).kinds.join()).to.match(/^refusal \d+$/);
    await unlinkedRow(world, 'first@example.com');
    const [group] = (await api.send('GET', '/api/v1/groups')).list;
    const fingerprint = String(group?.['fingerprint']);
    expect((await find(fingerprint)).kinds).to.deep.equal([`group ${fingerprint}`]);
  });

  it('says of an unknown id what was tried, and refuses none and too long ones', async () => {
    const external = ['record', 'external_event', 'external_request'];
    expect(await find('987654321')).to.deep.equal({
      kinds: [],
      tried: ['customer', 'mapping', 'replay', ...external],
    });
    expect(await find('no such thing')).to.deep.equal({ kinds: [], tried: [] });
    expect(await find('unknown@example.com')).to.deep.equal({ kinds: [], tried: ['identity'] });
    for (const q of ['', '?q=', `?q=${'x'.repeat(513)}`, '?q=%00'])
      expectProblem(await api.send('GET', path + q), 400, 'invalid_request');
  });
});
