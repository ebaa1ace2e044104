import { once } from 'node:events';
import { expect } from 'chai';
import { MOST_IMPORTS } from '../../api/customer-import.ts';
import { sleep } from '../../lib/loop.ts';
import { disableFailpoints, enableFailpoint } from '../../lib/failpoint.ts';
import { useDatabase } from '../support/database.ts';
import { createSignal, waitUntil } from '../support/signal.ts';
import { startApiProcess } from '../support/api-processes.ts';
import { freshCustomer, startApi } from './start-api.ts';
import { csvOf, importBody, openImport, type Imported } from './import-client.ts';

describe('POST /customers/import where things go wrong', function () {
  this.timeout(60_000);
  const database = useDatabase({ poolSize: 20 });
  let api: Awaited<ReturnType<typeof startApi>>;
  let other: typeof api;
  before(async () => {
    api = await startApi({ db: database.db, importTimes: { idleMs: 400, wholeMs: 60_000, keyMs: 2_000 } });
    other = await startApi({ db: database.db });
  });
  afterEach(disableFailpoints);
  after(async () => {
    await api.server.close(0);
    await other.server.close(0);
  });

  const count = async (like: string): Promise<number> =>
    (await database.db('customers').where('email', 'like', like)).length;
  const events = async (like: string): Promise<number> => {
    const { rows } = await database.db.raw<{ rows: object[] }>(
      `select from sync_events e join customers c on c.id = e.entity_id where c.email like :like`,
      { like },
    );
    return rows.length;
  };
  const keyed = (key: string, at = api) => ({
    send: (body: string, query = '') =>
      importBody(at.server.url, body, { query, headers: { 'Idempotency-Key': key } }),
    open: () => openImport(at.server.url, { headers: { 'Idempotency-Key': key } }),
  });
  const everyPlaceIsFree = (word: string) =>
    waitUntil(
      async () => {
        const bodies = Array.from({ length: MOST_IMPORTS }, (_, n) => csvOf(`${word}${n}x`, 2));
        const all = await Promise.all(bodies.map((body) => importBody(api.server.url, body)));
        return all.every(({ status }) => status === 200);
      },
      { timeoutMs: 5_000, what: 'every place is free' },
    );
  const codeOf = ({ text }: Imported): unknown => (JSON.parse(text) as { code: unknown }).code;

  it('stops where no whole row comes in time, although bytes come, and keeps the rows before', async () => {
    const sending = openImport(api.server.url, { type: 'application/x-ndjson' });
    for (const n of [1, 2, 3]) sending.write(`{"name":"Idle","email":"idle${n}@example.org"}\n`);
    const trickle = setInterval(() => sending.write('x'), 50);
    const { status, last } = await sending.answer.finally(() => clearInterval(trickle));
    expect(status).to.equal(200);
    expect(last).to.deep.include({ type: 'stopped', code: 'body_idle', rows: 3, created: 3 });
    expect(last?.message).to.include('0.4 s');
    expect(await count('idle%')).to.equal(3);
  });

  it('stops where a body goes on for too long', async () => {
    const short = await startApi({
      db: database.db,
      importTimes: { idleMs: 5_000, wholeMs: 300, keyMs: 2_000 },
    });
    const sending = openImport(short.server.url);
    sending.write('name,email\n');
    let n = 0;
    const more = setInterval(() => sending.write(`Long,long${(n += 1)}@example.org\n`), 20);
    const { last } = await sending.answer.finally(() => clearInterval(more));
    expect(last).to.deep.include({ type: 'stopped', code: 'time_limit' });
    expect(await count('long%')).to.equal(last?.['created']);
    await short.server.close(0);
  });

  it('stops after the batch in flight when the client leaves, and logs no fault', async () => {
    const [inFlight, go] = [createSignal(), createSignal()];
    enableFailpoint('import.before-commit', async () => {
      inFlight.fire();
      await go.promise;
    });
    const sending = openImport(api.server.url);
    sending.write(csvOf('left', 450));
    await inFlight.promise;
    sending.leave();
    await once(sending.request, 'close').catch(() => undefined);
    const isNoticed = (): boolean =>
      api.lines.some(({ message, fields }) => message === 'request' && fields['status'] === null);
    await waitUntil(isNoticed, { timeoutMs: 5_000, what: 'the API notices' });
    go.fire();
    await waitUntil(async () => (await count('left%')) === 200, { timeoutMs: 5_000, what: 'the batch' });
    await everyPlaceIsFree('after');
    expect(await count('left%')).to.equal(200);
    expect(api.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
  });

  it('says in its last line that the process stops, and the rows of the batches before are there', async () => {
    const stopping = await startApi({ db: database.db });
    const sending = openImport(stopping.server.url);
    sending.write(csvOf('stop', 250));
    await sending.response;
    const closed = stopping.server.close();
    const { last } = await sending.answer;
    expect(last).to.deep.include({ type: 'stopped', code: 'server_stopping' });
    expect(await count('stop%')).to.equal(last?.['rows']);
    await closed;
  });

  it('holds back the body of a client that does not read its answer, and ends if it never does', async () => {
    const slow = openImport(api.server.url, { type: 'application/x-ndjson' });
    const { request: sent } = slow;
    // Each line has ten problems, so its answer is far longer than itself.
    const lines = '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1}\n'.repeat(100);
    const broken = new AbortController();
    sent.setMaxListeners(0).once('close', () => broken.abort());
    void slow.response.then((response) => response.pause()).catch(() => undefined);
    let isHeldBack = false;
    while (!broken.signal.aborted) {
      if (sent.write(lines)) continue;
      const drained = once(sent, 'drain', { signal: broken.signal }).catch(() => undefined);
      const over = new AbortController();
      const isLate = sleep(200, over.signal).then(() => !over.signal.aborted);
      isHeldBack ||= await Promise.race([drained.then(() => false), isLate]);
      await drained;
      over.abort();
    }
    expect(isHeldBack).to.equal(true);
    await everyPlaceIsFree('slow');
  });

  it('refuses the imports that are too many, does the others whole, and single writes are answered meanwhile', async () => {
    const bodies = Array.from({ length: 200 }, (_, n) => csvOf(`many${n}x`, 5));
    const all = Promise.all(bodies.map((body) => importBody(other.server.url, body)));
    const single = await other.send('POST', '/api/v1/customers', { body: freshCustomer() });
    expect(single.status).to.equal(201);
    const answers = await all;
    const done = answers.filter(({ status }) => status === 200);
    expect(done.length).to.be.at.least(3);
    for (const answer of done) expect(answer.last).to.deep.include({ type: 'summary', created: 5 });
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect([answer.status, codeOf(answer)]).to.deep.equal([429, 'too_many_imports']);
      expect(answer.headers['retry-after']).to.equal('5');
    }
    expect(await count('many%')).to.equal(done.length * 5);
    expect(await events('many%')).to.equal(done.length * 5);
  });

  it('answers a repeat with its key by the summary, writes nothing again, and refuses other rows', async () => {
    const key = keyed('whole');
    const first = await key.send(csvOf('key', 250));
    expect(first.last).to.deep.include({ type: 'summary', created: 250 });
    const [edited] = (await database.db('customers').where('email', 'key7@example.org')) as { id: number }[];
    await api.send('PATCH', `/api/v1/customers/${edited?.id ?? 0}`, { body: { name: 'Edited since' } });
    const again = await keyed('whole', other).send(csvOf('key', 250));
    expect(again.headers['idempotent-replayed']).to.equal('true');
    expect(again.last).to.deep.equal(first.last);
    for (const body of [csvOf('key', 251), csvOf('key', 249), csvOf('other', 250)]) {
      const refused = await key.send(body);
      expect([refused.status, codeOf(refused)]).to.deep.equal([422, 'idempotency_key_reused']);
    }
    const otherQuery = await key.send(csvOf('key', 250), '?on_existing=update');
    expect([otherQuery.status, codeOf(otherQuery)]).to.deep.equal([422, 'idempotency_key_reused']);
    expect(await count('other%')).to.equal(0);
  });

  it('refuses a key that is in use at another process, and goes on behind the last batch when it is free', async () => {
    const sending = keyed('shared').open();
    sending.write(csvOf('shared', 250));
    await sending.response;
    const refused = await keyed('shared', other).send(csvOf('shared', 250));
    expect([refused.status, codeOf(refused)]).to.deep.equal([409, 'idempotency_key_in_use']);
    sending.leave();
    const rest = await waitUntil(
      async () => {
        const answer = await keyed('shared', other).send(csvOf('shared', 250));
        return answer.status === 200 && answer;
      },
      { timeoutMs: 5_000, what: 'the key is free' },
    );
    expect(rest.lines.map(({ type }) => type)).to.deep.equal(['resumed', 'columns', 'summary']);
    expect(rest.last).to.deep.include({ rows: 250, created: 250, skipped: 0 });
    expect(await events('shared%')).to.equal(250);
  });

  for (const [point, left] of [
    ['import.before-commit', 200],
    ['import.batch-written', 400],
  ] as const) {
    it(`whose process is killed at ${point} leaves whole batches, and a repeat makes the rest once`, async () => {
      const word = point.replaceAll(/\W/g, '');
      const body = csvOf(word, 500);
      const key = { type: 'text/csv', headers: { 'Idempotency-Key': point } };
      const victim = await startApiProcess(database.url, `${point}=kill@2`);
      await importBody(victim.url, body, key).then(
        () => expect.fail('the process answered'),
        () => undefined,
      );
      await victim.ended;
      await waitUntil(async () => (await count(`${word}%`)) === left, {
        timeoutMs: 5_000,
        what: 'the batches',
      });
      const inUse = await importBody(other.server.url, body, key);
      expect([inUse.status, codeOf(inUse)]).to.deep.equal([409, 'idempotency_key_in_use']);
      await database.db('import_runs').update({ until: database.db.raw('clock_timestamp()') });
      const again = await importBody(other.server.url, body, key);
      expect(again.last).to.deep.include({ type: 'summary', rows: 500, created: 500, skipped: 0 });
      expect([await count(`${word}%`), await events(`${word}%`)]).to.deep.equal([500, 500]);
      // Without the key, rows that are there are skipped.
      const plain = await importBody(other.server.url, body);
      expect(plain.last).to.deep.include({ type: 'summary', rows: 500, created: 0, skipped: 500 });
    });
  }
});
