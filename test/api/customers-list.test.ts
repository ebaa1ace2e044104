import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { startApi } from './start-api.ts';

const customers = '/api/v1/customers';

describe('the list of customers', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db });
    for (let n = 1; n <= 25; n += 1) {
      await api.send('POST', customers, { body: { name: `Customer ${n}`, email: `c+${n}@example.org` } });
    }
    await api.send('DELETE', `${customers}/13`);
  });
  after(() => api.server.close());

  const ids = async (query: string): Promise<number[]> => {
    const answer = await api.send('GET', customers + query);
    expect(answer.status, answer.text).to.equal(200);
    return answer.list.map(({ id }) => Number(id));
  };

  it('is a plain array in id order without the deleted ones', async () => {
    const found = await ids('');
    expect(found).to.have.length(24).and.not.to.include(13);
    expect(found).to.deep.equal(found.toSorted((a, b) => a - b));
  });

  it('is read page by page through its Link header, each customer once', async () => {
    const seen: number[] = [];
    let next: string | undefined = `${customers}?limit=10&updated_since=2020-01-01T00:00:00%2B02:00`;
    let pages = 0;
    while (next !== undefined) {
      const answer = await api.send('GET', next);
      seen.push(...answer.list.map(({ id }) => Number(id)));
      next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('Link') ?? '')?.[1];
      pages += 1;
    }
    expect(pages).to.equal(3);
    expect(seen).to.deep.equal(await ids(''));
  });

  it('has no next page when the last one is exactly full', async () => {
    const answer = await api.send('GET', `${customers}?limit=24`);
    expect(answer.list).to.have.length(24);
    expect(answer.headers.get('Link')).to.equal(null);
  });

  it('finds a customer by email in any case; a plus sign is a plus sign, encoded or not', async () => {
    expect(await ids('?email=C%2B7@example.org')).to.deep.equal([7]);
    expect(await ids('?email=c+7@Example.org')).to.deep.equal([7]);
    expect(await ids('?email=nobody')).to.deep.equal([]);
    expect(await ids('?email=c%2B13@example.org'), 'deleted').to.deep.equal([]);
  });

  it('finds the customers changed since a time', async () => {
    const { json } = await api.send('PATCH', `${customers}/5`, { body: { name: 'Changed later' } });
    const found = await ids(`?updated_since=${json.updated_at}`);
    expect(found).to.include(5);
    expect(await ids('?updated_since=2999-01-01T00:00:00Z')).to.deep.equal([]);
    expect(await ids('?updated_since=0001-01-01T00:00:00Z')).to.have.length(24);
    expect(await ids('?updated_since=0000-01-01T00:00:00Z')).to.have.length(24);
    expect(await ids('?updated_since=2020-01-01T00:00:00+02:00')).to.have.length(24);
  });

  it('takes digits as text where the parameter is a text', async () => {
    expect(await ids('?email=12345')).to.deep.equal([]);
    for (const path of ['/api/v1/mappings?reason=42', '/api/v1/mappings?reason=007']) {
      expect((await api.send('GET', path)).status, path).to.equal(200);
    }
    const conflict = await api.send('GET', '/api/v1/conflicts/12345678');
    expect(conflict.errors[0]).to.include({ in: 'path', pointer: '/id', detail: 'must be a UUID' });
    const kind = await api.send('GET', '/api/v1/conflicts?kind=5');
    expect(kind.errors[0]).to.include({ in: 'query', pointer: '/kind', code: 'enum' });
  });

  const refused: [query: string, pointer: string, code: string][] = [
    ['?limit=0', '/limit', 'minimum'],
    ['?limit=101', '/limit', 'maximum'],
    ['?limit=-1', '/limit', 'minimum'],
    ['?limit=ten', '/limit', 'type'],
    ['?limit=1e1', '/limit', 'type'],
    ['?limit=', '/limit', 'type'],
    ['?limit', '/limit', 'type'],
    ['?limit=1.5', '/limit', 'type'],
    ['?limit=5&limit=6', '/limit', 'duplicate'],
    ['?limit[]=5', '/limit[]', 'additionalProperties'],
    ['?after=0', '/after', 'minimum'],
    ['?after=9223372036854775808', '/after', 'type'],
    ['?after=9999999999999999', '/after', 'maximum'],
    ['?email=', '/email', 'minLength'],
    ['?email=a%00b@c', '/email', 'pattern'],
    [`?email=${'a'.repeat(513)}`, '/email', 'maxLength'],
    ['?updated_since=yesterday', '/updated_since', 'format'],
    ['?updated_since=2020-01-01', '/updated_since', 'format'],
    ['?updated_since=2020-13-41T99:00:00Z', '/updated_since', 'format'],
    ['?updated_since=2016-12-31T23:59:60Z', '/updated_since', 'format'],
    ['?page=2', '/page', 'additionalProperties'],
    ['?__proto__=1', '/__proto__', 'additionalProperties'],
    ['?constructor=1', '/constructor', 'additionalProperties'],
    ['?hasOwnProperty=1', '/hasOwnProperty', 'additionalProperties'],
    [`?${'k'.repeat(5000)}=1`, `/${'k'.repeat(60)}`, 'additionalProperties'],
  ];
  for (const [query, pointer, code] of refused) {
    it(`refuses ${query.slice(0, 40)} with 400`, async () => {
      const { status, json, errors } = await api.send('GET', customers + query);
      expect(status).to.equal(400);
      expect(json.code).to.equal('invalid_request');
      expect(errors[0]).to.include({ in: 'query', pointer, code });
    });
  }
});
