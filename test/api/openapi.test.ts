import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { openApiDocument } from '../../api/openapi.ts';
import { useDatabase } from '../support/database.ts';
import { expectProblem, freshCustomer, startApi } from './start-api.ts';

type Operation = { responses: Record<string, { content?: Record<string, { schema: object }> }> };
type Document = { paths: Record<string, Record<string, Operation>>; components: object };

describe('the API document', () => {
  const database = useDatabase();
  const document = JSON.parse(JSON.stringify(openApiDocument())) as Document;
  let api: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    api = await startApi({ db: database.db });
  });
  after(() => api.server.close());

  it('is in docs/openapi.json; if not, run: node cli/development/openapi.ts', async () => {
    const written = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(written)).to.deep.equal(document);
  });

  it('is answered at its own route, which wants a key like the others', async () => {
    const { status, json } = await api.send('GET', '/api/v1/openapi.json');
    expect(status).to.equal(200);
    expect(json).to.deep.equal(document);
    const closed = await startApi({ db: database.db, apiKeys: ['k1'] });
    try {
      const path = '/api/v1/openapi.json';
      expectProblem(await closed.send('GET', path), 401, 'unauthorized');
      const headers = { Authorization: 'Bearer k1' };
      expect((await closed.send('GET', path, { headers })).status).to.equal(200);
      expectProblem(await closed.send('POST', path, { headers }), 405, 'method_not_allowed');
    } finally {
      await closed.server.close();
    }
  });

  it('has only patterns that regular expressions of other languages can read', () => {
    const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = '']) => JSON.parse(text) as string,
    );
    expect(patterns).to.have.length.greaterThan(5);
    for (const pattern of patterns) {
      // No Unicode classes, code units, lookarounds or names, and no counts above RE2's thousand.
      expect(pattern).not.to.match(/\\[pPuUkXRhGAZz]|\(\?[^:]|\{\d*,?\d{4,}|\\[1-9]/);
      for (const flags of ['', 'u', 'v']) expect(() => new RegExp(pattern, flags)).not.to.throw();
    }
  });

  it('says about If-Match exactly what is enforced', async () => {
    const { json } = await api.send('POST', '/api/v1/customers', { body: freshCustomer() });
    type Parameter = { schema: { pattern: string } };
    const { parameters } = document.components as { parameters: Record<string, Parameter> };
    const pattern = new RegExp(parameters['If-Match']?.schema.pattern ?? 'none');
    const tags = [
      '*',
      '"7"',
      'W/"7"',
      '"7-gzip"',
      '"7"-br',
      '"a", "b"',
      ',"a",',
      '7',
      '""',
      '"7',
      'W/*',
      '*, "7"',
      '"7" 8',
    ];
    for (const tag of tags) {
      const headers = { 'If-Match': tag };
      const answer = await api.send('PATCH', `/api/v1/customers/${json.id}`, {
        body: { name: 'x' },
        headers,
      });
      expect(answer.status !== 400, tag).to.equal(pattern.test(tag));
    }
  });

  it('says what else is enforced: the shortest email, the signature, and each limit', () => {
    const operations = document.paths as unknown as Record<string, Record<string, { parameters: object[] }>>;
    const [signature] = operations['/api/v1/webhooks/stripe']?.['post']?.parameters ?? [];
    expect(signature).to.include({ name: 'Stripe-Signature', required: true });
    const { schemas } = document.components as {
      schemas: Record<string, { properties?: Record<string, object> }>;
    };
    for (const name of ['NewCustomer', 'CustomerChange']) {
      expect(schemas[name]?.properties?.['email']).to.include({ minLength: 3, maxLength: 512 });
      expect(schemas[name]?.properties?.['name']).to.include({ minLength: 1, maxLength: 256 });
    }
  });

  it('describes every answer, refusals included', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'api');
    const one = '/api/v1/customers/{id}';
    const bad = { headers: { 'If-Match': '"9"' }, body: { name: 'x' } };
    const asked: [path: string, method: string, status: number, options?: object, id?: string][] = [
      ['/api/v1/customers', 'post', 201, { body: freshCustomer() }],
      ['/api/v1/customers', 'post', 400, { body: {} }],
      ['/api/v1/customers', 'get', 200],
      ['/api/v1/customers', 'get', 400, {}, '?limit=x'],
      [one, 'get', 200],
      [one, 'patch', 200, { body: { name: 'Second' } }],
      [one, 'patch', 412, bad],
      [one, 'put', 200, { body: freshCustomer() }],
      [one, 'put', 415, { body: freshCustomer(), headers: { 'Content-Type': 'text/plain' } }],
      [one, 'delete', 204],
      [one, 'get', 404],
      ['/api/v1/openapi.json', 'get', 200],
      ['/health', 'get', 200],
      ['/ready', 'get', 200],
    ];
    for (const [path, method, status, options, query = ''] of asked) {
      const answer = await api.send(method.toUpperCase(), path.replace('{id}', '1') + query, options);
      expect(answer.status, `${method} ${path}`).to.equal(status);
      const described = document.paths[path]?.[method]?.responses[status];
      expect(described, `${method} ${path} ${status}`).to.be.an('object');
      const type = answer.headers.get('Content-Type')?.split(';')[0] ?? '';
      expect(Object.keys(described?.content ?? {})).to.deep.equal(type === '' ? [] : [type]);
      if (type === '') continue;
      const place = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'];
      const pointer = place.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
      const matches = ajv.validate(`api#/${pointer}`, JSON.parse(answer.text));
      expect(matches, `${method} ${path} ${status}: ${ajv.errorsText()}`).to.equal(true);
    }
  });
});
