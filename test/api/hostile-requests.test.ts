import { connect } from 'node:net';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { expectProblem, freshCustomer, startApi } from './start-api.ts';

const customers = '/api/v1/customers';

type Described = { paths: Record<string, { get?: { parameters?: { in: string; name: string }[] } }> };

describe('hostile paths, methods and headers sent to the API', () => {
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

  const ids = [
    ...[
      'abc',
      '1.5',
      '1e3',
      '0x1',
      '-1',
      '0',
      '+1',
      '01',
      '%201',
      '1%20',
      '1%00',
      '%00',
      'null',
      'undefined',
      'NaN',
    ],
    ...[
      '9007199254740992',
      '9223372036854775807',
      '9223372036854775808',
      '9'.repeat(400),
      '1;drop',
      "1'",
      '__proto__',
    ],
    ...['%F0%9F%98%80', '%D9%A1', '1,2', '*'],
  ];
  for (const id of ids) {
    it(`refuses the id ${id.slice(0, 30)} with 400 for every method`, async () => {
      for (const [method, body] of [
        ['GET'],
        ['DELETE'],
        ['PUT', freshCustomer()],
        ['PATCH', { name: 'x' }],
      ] as const) {
        const answer = await api.send(method, `${customers}/${id}`, { ...(body && { body }) });
        expectProblem(answer, 400, 'invalid_request');
        expect(answer.errors[0]).to.include({ in: 'path', pointer: '/id' });
      }
    });
  }

  it('answers 404 to an id that was never given out, even the largest', async () => {
    for (const id of ['2', '9007199254740991']) {
      expectProblem(await api.send('GET', `${customers}/${id}`), 404, 'customer_not_found');
    }
  });

  it('refuses invalid percent encoding in path and query', async () => {
    for (const path of [
      `${customers}/%`,
      `${customers}/%zz`,
      `${customers}/%ff`,
      `${customers}?email=%`,
      `${customers}?%c3=1`,
    ]) {
      expectProblem(await api.send('GET', path), 400, 'malformed_request');
    }
  });

  it('answers 404 to paths that do not exist', async () => {
    for (const path of [
      '/',
      '/api',
      '/api/v1',
      '/api/v2/customers',
      '/api/v1/Customers',
      `${target}/x`,
      '/.env',
      '//',
      '/%2e%2e/x',
    ]) {
      expectProblem(await api.send('GET', path), 404, 'not_found');
    }
  });

  it('refuses a NUL in each parameter of each query that the document has, since no database can hold it', async () => {
    const { paths } = (await api.send('GET', '/api/v1/openapi.json')).json as unknown as Described;
    const asked = Object.entries(paths).flatMap(([path, { get }]) =>
      (get?.parameters ?? []).flatMap(({ in: place, name }) =>
        place === 'query' ? [`${path.replaceAll(/\{\w+\}/g, '1')}?${name}=a%00`] : [],
      ),
    );
    expect(asked).to.include(`/api/v1/conflicts?field=a%00`);
    for (const path of asked) expect((await api.send('GET', path)).status, path).to.equal(400);
  });

  it('answers 405 with Allow to methods that a path does not take, and 204 to OPTIONS', async () => {
    const allowed = {
      [customers]: 'GET, HEAD, POST, OPTIONS',
      [target]: 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
      '/health': 'GET, HEAD, OPTIONS',
      '/ready': 'GET, HEAD, OPTIONS',
      '/api/v1/health': 'GET, HEAD, OPTIONS',
    };
    for (const [path, allow] of Object.entries(allowed)) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'].filter(
        (each) => !allow.includes(each),
      )) {
        const answer = await api.send(method, path);
        expectProblem(answer, 405, 'method_not_allowed');
        expect(answer.headers.get('Allow')).to.equal(allow);
      }
      const options = await api.send('OPTIONS', path);
      expect([options.status, options.headers.get('Allow')]).to.deep.equal([204, allow]);
    }
  });

  it('makes a request id of its own when the given one is not valid', async () => {
    for (const given of ['a b', 'x'.repeat(129), '<script>', '"quoted"']) {
      const { headers } = await api.send('GET', target, { headers: { 'X-Request-Id': given } });
      expect(headers.get('X-Request-Id')).to.match(/^[0-9a-f-]{36}$/);
    }
  });

  const raw: [what: string, bytes: string, status: number][] = [
    ['noise', 'hello\r\n\r\n', 400],
    ['a TLS greeting', '\u0016\u0003\u0001\u0000\r\n\r\n', 400],
    ['headers of 20 kB', `GET /health HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
  ];
  for (const [what, bytes, status] of raw) {
    it(`answers ${status} to ${what} on the socket`, async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(api.server.port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
        let text = '';
        socket.setEncoding('utf8');
        socket.on('data', (part: string) => (text += part));
        socket.on('end', () => resolve(text));
        socket.on('error', reject);
      });
      expect(answer).to.match(new RegExp(`^HTTP/1.1 ${status} `));
    });
  }
});
