// Every example of the document is used: the body of each operation is sent to a real API, each operation is
// asked once, and what comes back looks like the example of its schema.
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import {
  exampleProblems,
  examplesOf,
  pathFor,
  readDocument,
  requiredQuery,
  type Operation,
} from './examples-run.ts';
import { bearer, makeKeys } from './keys-made.ts';
import { startApi, type Answer, type Body } from './start-api.ts';

/** A state of the data forbids it; a body or a parameter that is wrong is answered 400 or 422. */
const OF_STATE = [404, 409, 410, 503, 504];

describe('the examples of the API document', () => {
  const database = useDatabase();
  const document = readDocument();
  const examples = examplesOf(document);
  let api: Awaited<ReturnType<typeof startApi>>;
  let key: string;
  let keyId: string;

  before(async () => {
    // No worker runs, so a comparison has no answer.
    api = await startApi({ db: database.db, compareWaitMs: 1 });
    ({ text: key, id: keyId } = await makeKeys(database.db).make('admin'));
  });
  after(() => api.server.close());

  /** In the order of the document; a creation comes first, a deletion and the end of a key last. */
  function operations(): { method: string; path: string; operation: Operation }[] {
    const all = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .map(([method, operation]) => ({ method, path, operation })),
    );
    const rank = ({ operationId }: Operation): number =>
      /^create/.test(operationId) ? 0 : /^(delete|revoke)/.test(operationId) ? 2 : 1;
    return all.sort((one, other) => rank(one.operation) - rank(other.operation));
  }

  /** A body that is no JSON has its example beside its schema. */
  function bodyOf({ requestBody }: Operation): { body?: unknown; headers?: Record<string, string> } {
    const [described] = Object.entries(requestBody?.content ?? {});
    if (described === undefined) return {};
    const [type, { schema, example }] = described;
    if (example !== undefined) return { body: example, headers: { 'Content-Type': type } };
    return { body: schema.$ref === undefined ? {} : examples.get(schema.$ref)?.[0] };
  }

  it('has one for every body', () => {
    for (const { operation } of operations())
      for (const { schema } of Object.values(operation.requestBody?.content ?? {}))
        if (schema.$ref !== undefined)
          expect(
            examples.get(schema.$ref),
            `${operation.operationId} needs one in api/openapi-examples.ts`,
          ).to.have.length.greaterThan(0);
  });

  it('are taken by the API, and its answers look like them', async () => {
    const used = new Set<string>();
    const known: Record<string, string> = { key_id: keyId, lane_system: 'stripe' };
    for (const { method, path, operation } of operations()) {
      const url = pathFor(document, path, known) + requiredQuery(operation);
      const { body, headers } = bodyOf(operation);
      const answer: Answer = await api.send(method.toUpperCase(), url, {
        headers: { ...bearer(key).headers, ...headers },
        ...(body !== undefined && { body }),
      });
      const what = `${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 300)}`;
      if (/^\/api\/v1\/webhooks/.test(path)) expect(answer.json.code, what).to.equal('not_found');
      else if (answer.status >= 300) expect(OF_STATE, what).to.include(answer.status);
      if (body !== undefined && answer.status < 300)
        used.add(operation.requestBody?.content['application/json']?.schema.$ref ?? '');
      for (const { ref, problem } of exampleProblems(examples, operation, answer)) {
        expect(problem, `${what}; the example of ${ref}`).to.equal(null);
        used.add(ref);
      }
    }
    // These need a pair that waits, a worker, a replay or a group: their own tests have one.
    const ofWorkers = ['ComparisonAsk', 'Comparison', 'LinkRun'];
    const ofStates = [
      ...ofWorkers,
      'Choice',
      'Resolution',
      'Reason',
      'NewReplay',
      'ReplayAct',
      'GroupClosing',
    ];
    const elsewhere = ofStates.map((name) => `#/components/schemas/${name}`);
    expect([...examples.keys()].filter((ref) => !used.has(ref) && !elsewhere.includes(ref))).to.deep.equal(
      [],
    );
  });

  it('has a refusal as it is answered', async () => {
    const answer = await api.send('GET', '/api/v1/customers/4711', bearer(key));
    const described = document.paths['/api/v1/customers/{id}']?.['get']?.responses[404];
    const example = described?.content?.['application/problem+json']?.example as Body;
    const { detail, request_id: id } = answer.json;
    expect({ ...example, detail, request_id: id }).to.deep.equal(answer.json);
  });
});
