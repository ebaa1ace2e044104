import { expect } from 'chai';
import { createKeyOperations } from '../../lib/operations/keys.ts';
import { systemClock } from '../../lib/clock.ts';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, freshCustomer, startApi, type Answer } from './start-api.ts';
import { openStream } from './stream-reader.ts';

const path = '/api/v1/changes';
const customers = '/api/v1/customers';

type Change = { position: string; entity: string; type: string; id: number; values: object | null };

describe('the changes of all rows over HTTP', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db, streams: { ofOne: 3, keyMs: 50 } });
  });
  after(() => api.server.close());

  async function create(): Promise<number> {
    return Number((await api.send('POST', customers, { body: freshCustomer() })).json.id);
  }
  const rename = (id: number, name: string) => api.send('PATCH', `${customers}/${id}`, { body: { name } });
  const remove = (id: number) => api.send('DELETE', `${customers}/${id}`);
  async function ask(query: string): Promise<Answer> {
    const answer = await api.send('GET', path + query);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', path, answer);
    return answer;
  }
  const changesOf = (answer: Answer) => answer.json['changes'] as Change[];

  it('name the entity, the values and the deletion of each row, after a position', async () => {
    const start = String((await ask('?after=now')).json['position']);
    const id = await create();
    await rename(id, 'Second');
    await remove(id);
    const found = changesOf(await ask(`?after=${start}`));
    expect(found.map(({ entity, type, id: of }) => [entity, type, of])).to.deep.equal([
      ['customer', 'created', id],
      ['customer', 'updated', id],
      ['customer', 'deleted', id],
    ]);
    expect(found[1]?.values).to.include({ name: 'Second' });
    expect(found[2]?.values).to.equal(null);
    expect(changesOf(await ask(`?after=${found[0]?.position}`))).to.have.length(2);
  });

  it('refuse a position that is none, in the query and as Last-Event-ID', async () => {
    expectProblem(await api.send('GET', `${path}?after=12345`), 400, 'invalid_request');
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': 'x' };
    const answer = await api.send('GET', path, { headers });
    expectProblem(answer, 400, 'invalid_request');
    expect(answer.errors[0]).to.include({ in: 'header', pointer: '/Last-Event-ID' });
  });

  it('stream one event for a row that changed several times, and go on after its id', async () => {
    const stream = await openStream(api.server);
    expect(stream.response.headers.get('content-type')).to.include('text/event-stream');
    const [id, other] = [await create(), await create()];
    // What changed before the reader looked again is one event; a slow machine may need several.
    const kinds: unknown[] = [];
    await rename(id, 'Second');
    while (!kinds.includes('updated')) {
      const change = await stream.change();
      if (change['id'] === id) kinds.push(...(change['kinds'] as string[]));
    }
    expect(kinds.filter((kind) => kind === 'created')).to.have.length(1);
    const at = stream.lastId();
    stream.close();
    await remove(other);
    const again = await openStream(api.server, { headers: { 'Last-Event-ID': at } });
    let last: Record<string, unknown>;
    do last = await again.change();
    while (!(last['kinds'] as string[]).includes('deleted'));
    expect(last).to.include({ entity: 'customer', id: other, version: 2 });
    again.close();
  });

  it('stream what a transaction commits late, also to a client that joined in between', async () => {
    const first = await openStream(api.server);
    const late = await database.db.transaction();
    const { rows } = await late.raw<{ rows: { id: number }[] }>(
      `insert into customers (name, email, last_event_id, created_event_id, updated_at)
       values ('Late', 'late@example.org', next_sync_event_id(), new_event_id(), now()) returning id`,
    );
    const lateId = rows[0]?.id ?? 0;
    await late.raw('select write_customer_event(?)', [lateId]);
    const early = await create();
    expect(await first.change()).to.include({ id: early });
    const second = await openStream(api.server, { query: `?after=${first.lastId()}` });
    await late.commit();
    for (const stream of [first, second]) {
      let change = await stream.change();
      while (change['id'] !== lateId) change = await stream.change();
      stream.close();
    }
  });

  it('refuse one stream too many with 429, and let the next in when one has ended', async () => {
    const open = [];
    for (let count = 0; count < 3; count += 1) open.push(await openStream(api.server));
    const answer = await api.send('GET', path, { headers: { Accept: 'text/event-stream' } });
    expectProblem(answer, 429, 'too_many_streams');
    expect(answer.headers.get('retry-after')).to.equal('10');
    expectDescribed('get', path, answer);
    for (const stream of open) stream.close();
    for (;;) {
      const stream = await openStream(api.server);
      stream.close();
      if (stream.response.status === 200) break;
    }
  });

  it('end a stream when the server stops, and say so', async () => {
    const own = await startApi({ db: database.db });
    const stream = await openStream(own.server);
    const closed = own.server.close();
    expect(await stream.next()).to.deep.include({ event: 'end', data: '{"reason":"closing"}' });
    expect(await stream.next()).to.equal(null);
    await closed;
  });
});

describe('a stream of changes with a key', () => {
  const database = useDatabase();

  it('ends when the key is revoked, and when it expires', async () => {
    let now = 0;
    const clock = { ...systemClock, now: () => new Date(Date.now() + now) };
    const api = await startApi({ db: database.db, clock, streams: { keyMs: 20 } });
    const keys = createKeyOperations({ db: database.db, clock: systemClock, keySecrets: [] });
    const by = { actor: 'test', reason: null };
    const make = (expiresAt: Date | null) =>
      keys.create({ name: 'console', scope: 'viewer', system: null, expiresAt }, by);
    const [revoked, expiring] = [await make(null), await make(new Date(Date.now() + 3_600_000))];
    const open = ({ text }: { text: string }) =>
      openStream(api.server, { headers: { Authorization: `Bearer ${text}` } });
    const streams = [await open(revoked), await open(expiring)];
    await keys.revoke(revoked.key.id, by);
    expect(await streams[0]?.next()).to.include({ data: '{"reason":"key_ended"}' });
    now = 3_600_001;
    expect(await streams[1]?.next()).to.include({ data: '{"reason":"key_ended"}' });
    await api.server.close();
  });
});
