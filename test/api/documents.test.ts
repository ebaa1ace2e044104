// The documents are well-formed by the rules of their formats, for the built-in catalogue and for others, and
// their examples are what Twinbox itself reads.
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { asyncApiDocument } from '../../api/asyncapi.ts';
import { openApiDocument } from '../../api/openapi.ts';
import { eventsTopicOf, topics } from '../../lib/events/routing.ts';
import { parseEnvelope } from '../../lib/events/parse.ts';
import { entity as everyType } from '../support/every-type.ts';
import { useDatabase } from '../support/database.ts';
import { expectProblem, startApi } from './start-api.ts';

/** What the linter finds: the rule, and where. Its strictest set of rules; each finding is an error. */
async function lint(document: object): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const source = JSON.stringify(document);
  const found = await lintFromString({ source, absoluteRef: 'document.json', config });
  return found.map(
    ({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer ?? ''}: ${message}`,
  );
}

describe('the documents', () => {
  const database = useDatabase();
  /** Required, so that the examples have a value of each type. */
  const fields = everyType.fields.map((field) => ({ ...field, required: true }));
  const entity = { ...everyType, fields };

  it('of the API and the topics are clean, also with fields of each type', async () => {
    for (const document of [
      ...[openApiDocument(), openApiDocument(entity)],
      ...[asyncApiDocument(), asyncApiDocument({ entity, prefix: 'crm.', customerEvents: false })],
    ])
      expect(await lint(document)).to.deep.equal([]);
  });

  it('would be refused by the linter with an answer, a schema or an example that is wrong', async () => {
    const text = JSON.stringify(openApiDocument());
    const broken: [rule: string, from: string, to: string][] = [
      ['no-unresolved-refs', '"#/components/schemas/Customer"', '"#/components/schemas/Costumer"'],
      ['struct', '"responses":{"200"', '"responces":{"200"'],
      ['operation-operationId-unique', '"operationId":"readCustomer"', '"operationId":"listCustomers"'],
      ['path-parameters-defined', '"/api/v1/customers/{id}"', '"/api/v1/customers/{no}"'],
    ];
    for (const [rule, from, to] of broken) {
      const found = await lint(JSON.parse(text.replace(from, to)) as object);
      expect(found.join('\n'), rule).to.include(`${rule} at`);
    }
  });

  it('of the topics is in docs/asyncapi.json; if not, run: node cli/development/openapi.ts', async () => {
    const written = await readFile(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8');
    expect(JSON.parse(written)).to.deep.equal(asyncApiDocument());
  });

  it('of the topics has each topic that the relay writes to, and examples that a worker reads', () => {
    type Message = { examples: { payload: object }[] };
    const document = asyncApiDocument({ prefix: 'crm.' }) as unknown as {
      channels: Record<string, { address: string }>;
      components: { messages: Record<string, Message> };
    };
    const all = [...Object.values(topics), eventsTopicOf('customer')].map((topic) => `crm.${topic}`);
    const described = Object.values(document.channels).map(({ address }) => address);
    expect(described.sort()).to.deep.equal([...new Set(all)].sort());
    for (const [name, { examples }] of Object.entries(document.components.messages))
      for (const { payload } of examples)
        expect(parseEnvelope(JSON.stringify(payload)).kind, name).to.equal(
          name === 'delivery.parked' ? 'parked' : name.endsWith('.event') ? 'external' : 'row',
        );
  });

  it('are answered at the root too, and need a key where the API needs one', async () => {
    const api = await startApi({ db: database.db, apiKeys: ['k1'] });
    try {
      for (const path of ['/openapi.json', '/asyncapi.json', '/api/v1/asyncapi.json']) {
        expectProblem(await api.send('GET', path), 401, 'unauthorized');
        const answer = await api.send('GET', path, { headers: { Authorization: 'Bearer k1' } });
        expect(answer.status, path).to.equal(200);
        expect(answer.json).to.have.property(path.includes('async') ? 'asyncapi' : 'openapi');
      }
    } finally {
      await api.server.close();
    }
  });
});
