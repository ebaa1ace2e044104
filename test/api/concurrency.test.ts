import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { freshCustomer, startApi } from './start-api.ts';

const customers = '/api/v1/customers';

describe('many callers of the API at once', () => {
  const database = useDatabase({ poolSize: 20 });
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db });
  });
  after(() => api.server.close());

  async function create(): Promise<string> {
    const { json } = await api.send('POST', customers, { body: freshCustomer() });
    return `${customers}/${json.id}`;
  }
  const many = <T>(count: number, work: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, n) => work(n)));
  const fifty = <T>(work: (n: number) => Promise<T>) => many(50, work);

  async function versionsInIdOrder(path: string): Promise<number[]> {
    const key = `customer:${path.split('/').at(-1)}`;
    const rows = await database
      .db<{ version: number; entity_key: string; id: number }>('sync_events')
      .select('version')
      .where('entity_key', key)
      .orderBy('id');
    return rows.map(({ version }) => version);
  }

  it('50 PATCHes of one customer make versions without a gap, each with its event, in id order', async () => {
    const path = await create();
    const answers = await fifty((n) => api.send('PATCH', path, { body: { name: `Writer ${n}` } }));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array.from({ length: 50 }, () => 200));
    const versions = answers.map(({ json }) => Number(json.version)).sort((a, b) => a - b);
    const expected = Array.from({ length: 50 }, (_, n) => n + 2);
    expect(versions).to.deep.equal(expected);
    expect(await versionsInIdOrder(path)).to.deep.equal([1, ...expected]);
  });

  it('50 PATCHes with the same If-Match: one succeeds, the others get 412 with the current state', async () => {
    const path = await create();
    const headers = { 'If-Match': '"1"' };
    const answers = await fifty((n) => api.send('PATCH', path, { body: { name: `Writer ${n}` }, headers }));
    const [winner, ...more] = answers.filter(({ status }) => status === 200);
    expect(more).to.have.length(0);
    for (const { status, json } of answers.filter((answer) => answer !== winner)) {
      expect(status).to.equal(412);
      expect(json.current).to.include({ version: 2, name: winner?.json.name });
    }
    expect(await versionsInIdOrder(path)).to.deep.equal([1, 2]);
  });

  it('20 callers that read, change and retry all get their change stored', async () => {
    const path = await create();
    await many(20, async (n) => {
      for (;;) {
        const seen = await api.send('GET', path);
        const headers = { 'If-Match': seen.headers.get('ETag') ?? '' };
        const { status } = await api.send('PATCH', path, { body: { name: `Writer ${n}` }, headers });
        if (status === 200) return;
        expect(status).to.equal(412);
      }
    });
    expect(await versionsInIdOrder(path)).to.deep.equal(Array.from({ length: 21 }, (_, n) => n + 1));
  });

  it('50 equal PUTs make one change', async () => {
    const path = await create();
    const body = freshCustomer();
    const answers = await fifty(() => api.send('PUT', path, { body }));
    for (const { status, json } of answers) {
      expect(status).to.equal(200);
      expect(json.version).to.equal(2);
    }
    expect(await versionsInIdOrder(path)).to.deep.equal([1, 2]);
  });

  it('50 creations with one email: one succeeds, the others get the id of its customer', async () => {
    const answers = await fifty((n) =>
      api.send('POST', customers, {
        body: { name: `Racer ${n}`, email: n % 2 ? 'RACE@example.org' : 'race@example.org' },
      }),
    );
    const [winner, ...more] = answers.filter(({ status }) => status === 201);
    expect(more).to.have.length(0);
    for (const { status, errors } of answers.filter((answer) => answer !== winner)) {
      expect(status).to.equal(409);
      expect(errors[0]?.['customer_id']).to.equal(winner?.json.id);
    }
  });

  it('50 DELETEs of one customer: one 204, the others 404, one event', async () => {
    const path = await create();
    const answers = await fifty(() => api.send('DELETE', path));
    expect(answers.filter(({ status }) => status === 204)).to.have.length(1);
    expect(answers.filter(({ status }) => status === 404)).to.have.length(49);
    expect(await versionsInIdOrder(path)).to.deep.equal([1, 2]);
  });

  it('two customers that take each other’s email at once get an answer each, never a 500', async () => {
    const [one, two] = [freshCustomer(), freshCustomer()];
    const [a, b] = [
      await api.send('POST', customers, { body: one }),
      await api.send('POST', customers, { body: two }),
    ];
    const swap = (id: unknown, email: string) =>
      api.send('PATCH', `${customers}/${String(id)}`, { body: { email } });
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all([swap(a.json.id, two.email), swap(b.json.id, one.email)]);
      for (const { status } of answers) expect(status).to.equal(409);
    }
  });
});
