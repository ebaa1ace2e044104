import { expect } from 'chai';
import { encodePosition } from '../../lib/customers/change-position.ts';
import { presentPosition } from '../../lib/customers/changes.ts';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, freshCustomer, startApi, type Answer } from './start-api.ts';

const customers = '/api/v1/customers';
const path = `${customers}/changes`;

type Change = { position: string; type: string; id: number; version: number; name: string | null };

describe('the changes of customers over HTTP', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db });
  });
  after(() => api.server.close());

  const changesOf = (answer: Answer) => answer.json['changes'] as Change[];
  const positionOf = (answer: Answer) => String(answer.json['position']);
  async function ask(query = ''): Promise<Answer> {
    const answer = await api.send('GET', path + query);
    expect(answer.status, answer.text).to.equal(200);
    expectDescribed('get', path, answer);
    return answer;
  }
  async function create(): Promise<number> {
    return Number((await api.send('POST', customers, { body: freshCustomer() })).json.id);
  }

  it('begin with an empty answer for after=now, and then list each version, and deletions with id and version', async () => {
    await create();
    const start = await ask('?after=now');
    expect(start.json).to.deep.include({ changes: [], more: false });
    const id = await create();
    await api.send('PATCH', `${customers}/${id}`, { body: { name: 'Second' } });
    await api.send('PATCH', `${customers}/${id}`, { body: { name: 'Third' } });
    await api.send('DELETE', `${customers}/${id}`);
    const answer = await ask(`?after=${positionOf(start)}`);
    expect(
      changesOf(answer).map(({ type, id: of, version, name }) => [type, of, version, name]),
    ).to.deep.equal([
      ['created', id, 1, changesOf(answer)[0]?.name],
      ['updated', id, 2, 'Second'],
      ['updated', id, 3, 'Third'],
      ['deleted', id, 4, null],
    ]);
    expect(answer.json['more']).to.equal(false);
    const empty = await ask(`?after=${positionOf(answer)}`);
    expect(changesOf(empty)).to.deep.equal([]);
  });

  it('continue from the position of any change, and answer the same for a position as often as it is used', async () => {
    const start = positionOf(await ask('?after=now'));
    const ids = [await create(), await create(), await create()];
    for (let times = 0; times < 2; times += 1) {
      const first = await ask(`?after=${start}&limit=2`);
      expect(changesOf(first).map(({ id }) => id)).to.deep.equal(ids.slice(0, 2));
      expect(first.json['more']).to.equal(true);
      const [one, two] = changesOf(first);
      expect(two?.position).to.equal(positionOf(first));
      expect(changesOf(await ask(`?after=${one?.position}`)).map(({ id }) => id)).to.deep.equal(ids.slice(1));
      expect(changesOf(await ask(`?after=${positionOf(first)}`)).map(({ id }) => id)).to.deep.equal(
        ids.slice(2),
      );
    }
  });

  it('are never missed by a follower that reads while a transaction is open, though updated_since misses them', async () => {
    const start = positionOf(await ask('?after=now'));
    const late = await database.db.transaction();
    const { rows } = await late.raw<{ rows: { id: number }[] }>(
      `insert into customers (name, email, last_event_id, created_event_id, updated_at)
       values ('Late', 'late@example.org', next_sync_event_id(), new_event_id(), now()) returning id`,
    );
    const lateId = rows[0]?.id ?? 0;
    await late.raw('select write_customer_event(?)', [lateId]);
    const early = await create();
    const seen = await api.send('GET', `${customers}/${early}`);
    const first = await ask(`?after=${start}`);
    expect(changesOf(first).map(({ id }) => id)).to.deep.equal([early]);
    await late.commit();
    const since = await api.send('GET', `${customers}?updated_since=${seen.json.updated_at}`);
    expect(since.list.map(({ id }) => id)).not.to.include(lateId);
    expect(changesOf(await ask(`?after=${positionOf(first)}`)).map(({ id }) => id)).to.deep.equal([lateId]);
  });

  it('begin with the oldest that is kept where no position is given', async () => {
    let answer = await ask('?limit=3');
    const seen = changesOf(answer);
    while (answer.json['more'] === true) {
      answer = await ask(`?limit=3&after=${positionOf(answer)}`);
      seen.push(...changesOf(answer));
    }
    const [counted] = await database.db('sync_events').count();
    expect(seen).to.have.length(Number(counted?.['count']));
  });

  for (const [query, code] of [
    ['?after=', 'minLength'],
    ['?after=12345', 'position'],
    ['?after=NOW', 'pattern'],
    ['?after=1.x.1-0.0.1-0.deadbeef', 'position'],
    ['?limit=0', 'minimum'],
    ['?limit=1001', 'maximum'],
    ['?since=now', 'additionalProperties'],
  ] as const) {
    it(`refuse ${query} with 400`, async () => {
      const answer = await api.send('GET', path + query);
      expectProblem(answer, 400, 'invalid_request');
      expect(answer.errors[0]).to.include({ in: 'query', code });
    });
  }

  it('refuse a position that has lost its end', async () => {
    const position = positionOf(await ask('?after=now'));
    const answer = await api.send('GET', `${path}?after=${position.slice(0, -3)}`);
    expectProblem(answer, 400, 'invalid_request');
  });

  it('answer 410 to a position of another database, and say how to start again', async () => {
    const position = positionOf(await ask('?after=now'));
    const [was] = await database.db<{ id: string }>('instance').select('id');
    await database.db('instance').update({ id: 'another1' });
    const answer = await api.send('GET', `${path}?after=${position}`);
    await database.db('instance').update({ id: was?.id });
    expectProblem(answer, 410, 'position_expired');
    expectDescribed('get', path, answer);
    expect(answer.json).to.include({ reason: 'other_database' });
    expect(answer.json.detail).to.include('after=now');
    expect((await api.send('GET', `${path}?after=${position}`)).status).to.equal(200);
  });

  // This test comes last, since it raises the ids.
  it('answer 410 to a position whose changes were dropped, and never to one that is up to date', async () => {
    const old = positionOf(await ask('?after=now'));
    await create();
    const newest = await database.db('sync_events').max<{ last: number }[]>('id as last');
    const last = newest[0]?.last ?? 0;
    // As the relay leaves the cursor: behind all events and behind every transaction.
    await database.db.raw(
      `insert into relay_cursor (seen, floor, pending_floor, system_identifier, timeline, address_hash)
       values (pg_current_snapshot(), :last, :last, 1, 1, 'here')`,
      { last },
    );
    const upToDate = positionOf(await ask('?after=now'));
    // As retention leaves the table: partitions begin after the dropped ones.
    await database.db.raw(
      `create table kept partition of sync_events for values from (${last + 1}) to (${last + 1_000})`,
    );
    const gone = await api.send('GET', `${path}?after=${old}`);
    expectProblem(gone, 410, 'position_expired');
    expect(gone.json).to.include({ reason: 'retention' });
    const id = await create();
    expect(changesOf(await ask(`?after=${upToDate}`)).map((change) => change.id)).to.deep.equal([id]);
    expect(changesOf(await ask()).map((change) => change.id)).to.deep.equal([id]);
  });

  it('answer 400, with the reason, to an invented position whose checksum is right', async () => {
    const { place } = await presentPosition(database.db);
    const seen = { xmin: 2 ** 32, xmax: 2 ** 32, running: [] };
    const made = { place, seen, floor: 0, lateFloors: [], next: { xid: 3, id: 1 }, window: null };
    const answer = await api.send('GET', `${path}?after=${encodePosition(made)}`);
    expect(answer.status, answer.text).to.equal(400);
    expect(answer.text).to.match(/must be a whole position as an answer gave it/);
  });
});
