import { Readable } from 'node:stream';
import { expect } from 'chai';
import { openApiDocument } from '../../api/openapi.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Row } from '../../lib/customers/import/rows.ts';
import { importAll } from '../../lib/customers/import/summary.ts';
import { whyNotReversible } from '../../lib/operations/conflicts.ts';
import type { StoredConflict } from '../../db/conflicts.ts';
import { ownCatalogue } from '../support/catalogues.ts';
import { useDatabase } from '../support/database.ts';
import { importBody } from './import-client.ts';
import { expectProblem, startApi } from './start-api.ts';

const customers = '/api/v1/customers';

describe('customers whose identity is another field than the email', () => {
  const { entity, table } = ownCatalogue({
    entities: {
      customer: {
        identity: 'code',
        fields: {
          code: { type: 'text', required: true, maxLength: 20, column: 'account_code' },
          rank: { type: 'integer', column: 'rank_no' },
        },
      },
    },
  });
  const database = useDatabase({ catalogue: table });
  let api: Awaited<ReturnType<typeof startApi>>;
  before(async () => (api = await startApi({ db: database.db, entity })));
  after(() => api.server.close());

  it('a taken value is refused with the field of the identity, and its pointer', async () => {
    const first = await api.send('POST', customers, {
      body: { name: 'A', email: 'a@example.com', code: 'K-1' },
    });
    expect(first.status, first.text).to.equal(201);
    const other = await api.send('POST', customers, {
      body: { name: 'B', email: 'a@example.com', code: 'K-2' },
    });
    expect(other.status, 'an email may be there twice').to.equal(201);
    const body = { name: 'C', email: 'c@example.com', code: 'k-1' };
    for (const answer of [
      await api.send('POST', customers, { body }),
      await api.send('PUT', `${customers}/${other.json.id}`, { body }),
      await api.send('PATCH', `${customers}/${other.json.id}`, { body: { code: 'k-1' } }),
    ]) {
      expectProblem(answer, 409, 'duplicate_identity');
      expect(answer.json.detail).to.equal(`Customer ${first.json.id} has this code already.`);
      expect(answer.errors).to.deep.equal([
        {
          ...{ in: 'body', pointer: '/code', code: 'unique', customer_id: first.json.id },
          detail: `is the code of customer ${first.json.id}`,
        },
      ]);
      expect(answer.text).not.to.include('email');
    }
  });

  it('the document of the API has the code of this identity, and not that of the email', () => {
    const postOf = (paths: unknown): string =>
      JSON.stringify((paths as Record<string, { post: object }>)[customers]?.post);
    const { paths } = openApiDocument(entity);
    expect(postOf(paths)).to.include('duplicate_identity').and.not.include('duplicate_email');
    expect(JSON.stringify(paths)).to.include('the customer that has its code');
    expect(postOf(openApiDocument().paths))
      .to.include('duplicate_email')
      .and.not.include('duplicate_identity');
  });

  it('the API answers the document of its own catalogue, with the fields of it', async () => {
    const { status, json } = await api.send('GET', '/api/v1/openapi.json');
    expect(status).to.equal(200);
    expect(json).to.deep.equal(JSON.parse(JSON.stringify(openApiDocument(entity))));
    const { schemas } = json['components'] as {
      schemas: Record<string, { required: string[]; properties: Record<string, object> }>;
    };
    expect(schemas['NewCustomer']?.required).to.deep.equal(['name', 'email', 'code']);
    expect(schemas['Customer']?.properties).to.include.keys('code', 'rank');
  });

  it('a rule of the table names the field by the name of the API, not by the column', async () => {
    await database.db.raw('alter table customers add constraint rank_small check (rank_no < 10)');
    const answer = await api.send('POST', customers, {
      body: { name: 'R', email: 'r@example.com', code: 'R-1', rank: 12 },
    });
    expectProblem(answer, 400, 'row_refused');
    expect(answer.errors.map(({ pointer }) => pointer)).to.deep.equal(['/rank']);
  });

  it('an import takes rows for the same by it, in their order, and says so', async () => {
    const { db } = database;
    const row = (line: number, name: string, code: string): Row => ({
      line,
      values: { name, email: `${name.toLowerCase()}@example.com`, code },
    });
    const bring = async (rows: Row[], update: boolean) => {
      const { summary } = await importAll(Readable.from(rows), {
        ...{ db, entity, clock: systemClock, origin: { context: {} }, nudge: () => undefined },
        ...{ onExisting: update ? 'update' : 'report', dryRun: false },
      });
      return summary;
    };
    const rows = [row(2, 'Ada', 'I-1'), row(3, 'Bo', 'I-1'), row(4, 'Cy', 'i-1')];
    expect(await bring(rows, true)).to.include({ rows: 3, created: 1, updated: 2 });
    const kept: unknown = await db('customers').where('account_code', 'i-1').select('name');
    expect(kept, 'the last one').to.deep.equal([{ name: 'Cy' }]);
    const { different, ...again } = await bring([row(2, 'Ada', 'I-1')], false);
    expect(again).to.include({ created: 0 });
    expect(different[0]?.reason).to.match(
      /^customer \d+ has this code and another name and email and code; --update/,
    );
  });

  it('an import over HTTP takes its own fields by their types, from CSV and NDJSON, with line and column', async () => {
    const csv = 'Name,Mail,Code,Rank\nPia,pia@x.example,P-1,7\nPo,po@x.example,P-2,many\n';
    const query = '?column_email=Mail';
    const { lines, last } = await importBody(api.server.url, csv, { query });
    expect(lines[0]?.['used']).to.deep.equal({ email: 'Mail', name: 'Name', code: 'Code', rank: 'Rank' });
    expect(lines[1]).to.deep.include({ type: 'refused', line: 3, code: 'invalid_row' });
    expect(lines[1]?.['errors']).to.have.deep.nested.property('[0].column', 'Rank');
    expect(last).to.deep.include({ created: 1, refused: 1 });
    const json = '{"name":"Pia","email":"pia@x.example","code":"p-1","rank":8}\n';
    const asked = { type: 'application/x-ndjson', query: '?on_existing=update' };
    const changed = await importBody(api.server.url, json + json.replace('p-1', 'P-3'), asked);
    expect(changed.last).to.deep.include({ updated: 1, created: 1 });
    const kept: unknown = await database
      .db('customers')
      .where('account_code', 'like', '%-1')
      .where('name', 'Pia')
      .select('account_code', 'rank_no', 'version');
    expect(kept).to.deep.equal([{ account_code: 'p-1', rank_no: 8, version: 2 }]);
  });

  it('a conflict about it names it', () => {
    const held = { kind: 'duplicate_email', field: 'code', winner: 'neither' } as StoredConflict;
    expect(whyNotReversible(entity, held)).to.include('the same code').and.not.include('email');
  });
});
