import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { good, hostileBodies } from './hostile-bodies.ts';
import { expectProblem, freshCustomer, startApi } from './start-api.ts';

const customers = '/api/v1/customers';

describe('hostile bodies sent to the API', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  let target: string;

  before(async () => {
    api = await startApi({ db: database.db });
    const { json } = await api.send('POST', customers, { body: freshCustomer() });
    target = `${customers}/${json.id}`;
  });
  after(() => api.server.close());

  // Whatever came in, the API still answers, and only the one customer was written.
  afterEach(async () => {
    expect((await api.send('GET', target)).json.version).to.equal(1);
    expect(await database.db('customers').count()).to.deep.equal([{ count: 1 }]);
    expect(api.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
  });

  for (const [what, body, status, code, pointer] of hostileBodies) {
    it(`refuses ${what} with ${status} in POST and PUT`, async () => {
      for (const [method, path] of [
        ['POST', customers],
        ['PUT', target],
      ] as const) {
        const answer = await api.send(method, path, { body });
        expectProblem(answer, status, code);
        if (pointer !== undefined) {
          expect(answer.errors.map((error) => error.pointer)).to.include(pointer);
          expect(answer.errors[0]?.in).to.equal('body');
        }
      }
    });
  }

  it('refuses a PATCH with no field, with null, or with an unknown field', async () => {
    for (const body of [{}, { name: null }, { email: '' }, { nickname: 'x' }, [{ op: 'replace' }]]) {
      expectProblem(await api.send('PATCH', target, { body }), 400, 'invalid_request');
    }
  });

  it('accepts a byte order mark', async () => {
    const answer = await api.send('POST', customers, {
      body: Buffer.from('\ufeff{"name":" ","email":"a@b"}'),
    });
    expectProblem(answer, 400, 'invalid_request');
    expect(answer.errors.map(({ pointer }) => pointer)).to.deep.equal(['/name']);
  });

  const repeated: [body: string, pointer: string][] = [
    ['{"name":"first","name":"second","email":"a@b"}', '/name'],
    ['{"name":"same","email":"a@b","name":"same"}', '/name'],
    ['{"name":"first","n\\u0061me":"second","email":"a@b"}', '/name'],
    ['{"name":"a","email":{"x":[1,{"y":"\\"","y":2}]}}', '/email/x/1/y'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__'],
    ['{"a/b~":1,"a/b~":1}', '/a~1b~0'],
    ['{"":1,"":1}', '/'],
    [`${'['.repeat(40_000)}{"k":1,"k":1}${']'.repeat(40_000)}`, '/0'.repeat(20)],
  ];
  for (const [body, pointer] of repeated) {
    it(`refuses ${body.slice(0, 60)} with 400 and names the key that is given twice`, async () => {
      for (const [method, path] of [
        ['POST', customers],
        ['PUT', target],
        ['PATCH', target],
      ] as const) {
        const answer = await api.send(method, path, { body });
        expectProblem(answer, 400, 'invalid_request');
        expect(answer.errors).to.have.length(1);
        expect(answer.errors[0]).to.include({ in: 'body', pointer, code: 'duplicate' });
      }
    });
  }

  const types = [
    ...[
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
      'json',
      '',
    ],
    ...['application/json; charset=utf-16', 'application/json; charset=latin1', 'application/vnd.api+json'],
  ];
  for (const type of types) {
    it(`refuses a body of type "${type}" with 415`, async () => {
      const answer = await api.send('POST', customers, { body: good, headers: { 'Content-Type': type } });
      expectProblem(answer, 415, 'unsupported_media_type');
      expect(answer.headers.get('Accept-Post')).to.equal('application/json');
    });
  }

  it('refuses an unknown encoding, a broken one, and a decompression bomb', async () => {
    const headers = (encoding: string) => ({ 'Content-Encoding': encoding });
    const unknown = await api.send('POST', customers, { body: 'x', headers: headers('compress') });
    expectProblem(unknown, 415, 'unsupported_media_type');
    const broken = await api.send('POST', customers, { body: 'not gzip', headers: headers('gzip') });
    expectProblem(broken, 400, 'malformed_request');
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    expect(bomb.length).to.be.lessThan(100_000);
    expectProblem(
      await api.send('POST', customers, { body: bomb, headers: headers('gzip') }),
      413,
      'body_too_large',
    );
  });
});
