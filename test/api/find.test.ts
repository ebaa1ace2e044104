import { expect } from 'chai';
import { insertRefusal } from '../../db/inbound.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { mappingOf } from '../support/sync-rows.ts';
import { linkedPair, unlinkedRow, useTwoWay } from '../support/two-way.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, startApi, type Body } from './start-api.ts';

type Attempt = { id: string; request_id: string };
type Inbound = { event_id: string; payload: { external: { event: string } } };

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
    const [{ id: call, request_id: request }] = (await world.db('sync_attempts')) as [Attempt];
    expect((await find(request)).kinds).to.deep.equal([`attempt ${call}`, ...both]);
    const [{ id: intent }] = (await world.db('sync_intents')) as [Attempt];
    expect((await find(intent)).kinds).to.deep.equal(both);
    const theirs = (await world.db('sync_events').whereLike('event_type', 'stripe.%')) as [Inbound];
    const [{ event_id: event, payload }] = theirs;
    const external = payload.external.event;
    expect(external).to.match(/^evt_/);
    expect((await find(external)).kinds).to.deep.equal([`event ${event}`]);
    expect((await find(event.toUpperCase())).kinds).to.deep.equal([`event ${event}`]);
  });

  it('finds the events of a request, an event that was refused, and a group', async () => {
    const body = { name: 'Bo', email: 'bo@example.com' };
    const made = await api.send('POST', '/api/v1/customers', { body });
    const [event] = (await world.db('sync_events')) as [{ event_id: string }];
    const request = made.headers.get('X-Request-Id') ?? '';
    expect((await find(request)).kinds).to.deep.equal([`event ${event.event_id}`]);
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
