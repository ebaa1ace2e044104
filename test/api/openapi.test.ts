import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { readDocument } from './described.ts';
import { expectProblem, freshCustomer, startApi } from './start-api.ts';

describe('the API document', () => {
  const database = useDatabase();
  const document = readDocument();
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

  it('has an Idempotency-Key for every write but the webhooks', () => {
    const paths = document['paths'] as Record<string, Record<string, { parameters?: { $ref?: string }[] }>>;
    const without = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => ['post', 'put', 'patch', 'delete'].includes(method))
        .filter(
          ([, { parameters = [] }]) => !parameters.some(({ $ref }) => $ref?.endsWith('/Idempotency-Key')),
        )
        .map(([method]) => `${method} ${path}`),
    );
    expect(without.filter((each) => !each.includes('/webhooks/'))).to.deep.equal([]);
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
});
