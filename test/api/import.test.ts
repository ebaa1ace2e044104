import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { importLineSchema } from '../../api/import-schemas.ts';
import { useDatabase } from '../support/database.ts';
import { triggerSql, removeRules } from '../support/table-rules.ts';
import { startApi } from './start-api.ts';
import { csvOf, importBody, type Imported, type ImportRequest } from './import-client.ts';

const ndjson = 'application/x-ndjson';

describe('POST /customers/import', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  before(async () => (api = await startApi({ db: database.db })));
  after(() => api.server.close());

  const isLine = new Ajv2020({ strict: false, validateFormats: false }).compile(importLineSchema);

  /** Every line of every answer is described. */
  async function bring(body: string | Uint8Array, asked: ImportRequest = {}): Promise<Imported> {
    const imported = await importBody(api.server.url, body, asked);
    for (const line of imported.lines)
      expect(isLine(line), `${JSON.stringify(line)} ${JSON.stringify(isLine.errors)}`).to.equal(true);
    return imported;
  }
  const stored = (like: string) =>
    database.db('customers').where('email', 'like', like).orderBy('id').select('name', 'email', 'version');
  const events = async (like: string): Promise<number> => {
    const { rows } = await database.db.raw<{ rows: object[] }>(
      `select from sync_events e join customers c on c.id = e.entity_id where c.email like :like and e.context -> 'bulk' = 'true'`,
      { like },
    );
    return rows.length;
  };
  const counts = (some: Record<string, number>) => ({
    ...{ rows: 0, created: 0, updated: 0, skipped: 0, different: 0, refused: 0, repeated: 0 },
    ...some,
  });

  it('creates customers from CSV, each with its event, skips them the second time, and wakes the relay', async () => {
    const nudges = api.nudges();
    const first = await bring(csvOf('first', 450));
    expect(first.status).to.equal(200);
    expect(first.headers['content-type']).to.equal('application/x-ndjson; charset=utf-8');
    expect(first.lines[0]).to.deep.equal({
      ...{ type: 'columns', line: 1, used: { email: 'email', name: 'name' }, unused: [] },
    });
    expect(first.last).to.deep.equal({
      ...{ type: 'summary', dry_run: false },
      ...counts({ rows: 450, created: 450 }),
    });
    expect(await stored('first%')).to.have.length(450);
    expect(await events('first%')).to.equal(450);
    expect(api.nudges()).to.be.greaterThan(nudges);
    const again = await bring(csvOf('first', 450));
    expect(again.last).to.deep.include(counts({ rows: 450, skipped: 450 }));
    expect(await events('first%')).to.equal(450);
  });

  it('names each refused row of NDJSON by its line and field, and writes the others', async () => {
    const body = [
      '{"name":"Ada","email":"ada@nd.example"}',
      '{"name":"Bo","email":"bo at nd.example","phone":"1"}',
      '',
      '{"name":"Cy","email":"cy@nd.example"',
      '["Di","di@nd.example"]',
      '{"name":"Ed","email":"ed@nd.example","name":"Edith"}',
      `{"name":"${'x'.repeat(100_000)}","email":"fay@nd.example"}`,
      '{"name":7,"email":"gus@nd.example"}',
      '{"email":"hal@nd.example"}',
      '{"name":"Ida","email":"ida@nd.example"}',
    ].join('\r\n');
    const { status, lines, last } = await bring(body, { type: ndjson });
    expect(status).to.equal(200);
    expect(lines.slice(0, -1).map(({ line, code }) => [line, code])).to.deep.equal([
      ...[
        [2, 'invalid_row'],
        [4, 'malformed_row'],
        [5, 'malformed_row'],
        [6, 'malformed_row'],
        [7, 'malformed_row'],
        [8, 'invalid_row'],
        [9, 'invalid_row'],
      ],
    ]);
    const errors = lines[0]?.['errors'] as { field: string; code: string }[];
    expect(errors.map(({ field, code }) => [field, code])).to.have.deep.members([
      ['phone', 'additionalProperties'],
      ['email', 'pattern'],
    ]);
    expect(last).to.deep.include(counts({ rows: 9, created: 2, refused: 7 }));
    expect((await stored('%@nd.example')).map(({ name }: { name: string }) => name)).to.deep.equal([
      'Ada',
      'Ida',
    ]);
  });

  it('names the line and the column of a CSV file, in the encoding of its type, with columns that the query names', async () => {
    const body = Buffer.from(
      'Wer;Mail;City\nJos\xe9;jose@csv.example;B\nKim;kim at;B\n"Lee"x;a;b\n',
      'latin1',
    );
    const { lines, last } = await bring(body, {
      type: 'text/csv; charset=windows-1252',
      query: '?column_name=Wer&column_email=Mail',
    });
    expect(lines[0]).to.deep.include({ used: { name: 'Wer', email: 'Mail' }, unused: ['City'] });
    expect(lines[1]).to.deep.include({ type: 'refused', line: 3, code: 'invalid_row' });
    expect(lines[1]?.['errors']).to.have.deep.nested.property('[0].column', 'Mail');
    expect(lines[2]).to.deep.include({ type: 'refused', line: 4, code: 'malformed_row' });
    expect(last).to.deep.include(counts({ rows: 3, created: 1, refused: 2 }));
    expect(await stored('%csv.example')).to.deep.equal([
      { name: 'José', email: 'jose@csv.example', version: 1 },
    ]);
  });

  it('reports existing customers with other values, leaves them silently, or changes them, as the query says', async () => {
    await bring('name,email\nMia,mia@ex.example\nNed,ned@ex.example\n');
    const changed = 'name,email\nMia,mia@ex.example\nNed B.,NED@ex.example\n';
    const reported = await bring(changed);
    expect(reported.lines[1]).to.deep.include({ type: 'different', line: 3, fields: ['name', 'email'] });
    expect(reported.lines[1]?.message).to.include('on_existing=update changes it');
    expect(reported.last).to.deep.include(counts({ rows: 2, skipped: 1, different: 1 }));
    const left = await bring(changed, { query: '?on_existing=skip' });
    expect(left.lines.map(({ type }) => type)).to.deep.equal(['columns', 'summary']);
    expect(left.last).to.deep.include({ different: 1 });
    const update = await bring(changed, { query: '?on_existing=update' });
    expect(update.last).to.deep.include(counts({ rows: 2, skipped: 1, updated: 1 }));
    expect((await stored('%ex.example')).at(-1)).to.deep.equal({
      ...{ name: 'Ned B.', email: 'NED@ex.example', version: 2 },
    });
  });

  it('writes nothing in a dry run, and says of each row what an import would do', async () => {
    await bring('name,email\nOla,ola@dry.example\nPia,pia@dry.example\n');
    const rest = Array.from({ length: 250 }, (_, n) => `Row ${n},row${n}@dry.example`);
    const body = [
      'name,email',
      'Ola,ola@dry.example',
      'Pia P.,pia@dry.example',
      ...rest,
      'Q,ROW0@dry.example',
      'R,r',
    ];
    const before = await database.db('sync_events').count();
    const { lines, last } = await bring(body.join('\n'), { query: '?dry_run=true&on_existing=update' });
    expect(await database.db('sync_events').count()).to.deep.equal(before);
    expect(await stored('row%@dry.example')).to.have.length(0);
    const said = lines.slice(1, -1).map(({ type, line, action }) => [type, line, action]);
    expect(said.slice(0, 3)).to.deep.equal([
      ['would', 2, 'skip'],
      ['would', 3, 'update'],
      ['would', 4, 'create'],
    ]);
    expect(lines.at(-3)).to.deep.equal({ type: 'would', line: 254, action: 'follow', of_line: 4 });
    expect(lines.at(-2)).to.deep.include({ type: 'refused', line: 255 });
    expect(last).to.deep.include({
      ...{ dry_run: true },
      ...counts({ rows: 254, created: 250, updated: 1, skipped: 1, refused: 1, repeated: 1 }),
    });
  });

  it('refuses the row alone that a rule of the table refuses, also one that is checked at the end of a transaction', async () => {
    await database.db.raw(
      `alter table customers add constraint name_short check (length(name) <= 20) not valid;
       create function late_rule() returns trigger language plpgsql as $$
       begin if new.name = 'Late' then raise exception 'too late'; end if; return null; end $$;
       create constraint trigger late_rule after insert or update on customers deferrable initially deferred
         for each row execute function late_rule();
       ${triggerSql('quiet', `if new.name = 'Dropped' then return null; end if; return new;`)}`,
    );
    try {
      const names = ['Tea', 'A name of twenty-two ..', 'Dropped', 'Late', 'Una'];
      const body = names.map((name, n) => JSON.stringify({ name, email: `t${n}@rule.example` })).join('\n');
      const { lines, last } = await bring(body, { type: ndjson });
      expect(lines.slice(0, -1).map(({ line, code, rule }) => [line, code, rule])).to.deep.equal([
        [2, 'row_refused', 'name_short'],
        [3, 'row_swallowed', 'quiet'],
        [4, 'row_refused', 'late_rule()'],
      ]);
      expect(last).to.deep.include(counts({ rows: 5, created: 2, refused: 3 }));
      expect(await events('%@rule.example')).to.equal(2);
    } finally {
      await database.db.raw('drop trigger late_rule on customers; drop function late_rule()');
      await removeRules(database.db);
    }
  });

  it('refuses the line alone whose value has very many levels, also with a key', async () => {
    const deep = `{"email":"deep@deep.example","name":${'['.repeat(49_000)}${']'.repeat(49_000)}}`;
    const body = [
      `{"email":"ada@deep.example","name":"Ada"}`,
      deep,
      `{"email":"bea@deep.example","name":"Bea"}`,
    ];
    for (const headers of [{}, { 'Idempotency-Key': 'deep' }]) {
      const { status, lines, last } = await bring(body.join('\n'), { type: ndjson, headers });
      expect(status).to.equal(200);
      expect(lines[0]).to.deep.include({ type: 'refused', line: 2, code: 'malformed_row' });
      expect(last).to.deep.include({ type: 'summary', rows: 3, refused: 1 });
    }
    expect(await stored('%@deep.example')).to.have.length(2);
  });

  it('keeps the order of rows of one customer', async () => {
    const body = Array.from({ length: 30 }, (_, n) => `Vi ${n},${n % 2 ? 'VI' : 'vi'}@order.example`);
    const { last } = await bring(['name,email', ...body].join('\n'), { query: '?on_existing=update' });
    expect(last).to.deep.include(counts({ rows: 30, created: 1, updated: 29 }));
    expect(await stored('%@order.example')).to.deep.include({
      ...{ name: 'Vi 29', email: 'VI@order.example', version: 30 },
    });
  });

  it('reads a compressed body, and says of a damaged one how far it came', async () => {
    const whole = gzipSync(csvOf('zip', 5));
    const { last } = await bring(whole, { headers: { 'Content-Encoding': 'gzip' } });
    expect(last).to.deep.include({ type: 'summary', created: 5 });
    const damaged = await bring(whole.subarray(0, whole.length - 9), {
      headers: { 'Content-Encoding': 'gzip' },
    });
    expect([damaged.status, JSON.parse(damaged.text)]).to.have.deep.nested.property(
      '[1].code',
      'malformed_body',
    );
  });

  for (const [what, body, asked, status, code] of [
    ['another type', '{}', { type: 'application/json' }, 415, 'unsupported_media_type'],
    [
      'an encoding that is not known',
      'x',
      { type: 'text/csv; charset=ebcdic' },
      415,
      'unsupported_media_type',
    ],
    ['NDJSON that is not UTF-8', '{}', { type: `${ndjson}; charset=latin1` }, 415, 'unsupported_media_type'],
    [
      'a compression that is not known',
      'x',
      { headers: { 'Content-Encoding': 'zstd' } },
      415,
      'unsupported_media_type',
    ],
    ['an empty body', '', {}, 400, 'malformed_body'],
    ['a file without the columns', 'Kunde;Ort\nAda;Bern\n', {}, 400, 'malformed_body'],
    [
      'a column that the file does not have',
      'a,b\n1,2\n',
      { query: '?column_name=x' },
      400,
      'malformed_body',
    ],
    ['an unknown parameter', 'x', { query: '?dryrun=true' }, 400, 'invalid_request'],
    ['a value that is not allowed', 'x', { query: '?on_existing=replace' }, 400, 'invalid_request'],
    ['a key that is none', 'x', { headers: { 'Idempotency-Key': 'a b' } }, 400, 'invalid_request'],
  ] as const) {
    it(`refuses ${what} before it writes anything, and says what to send`, async () => {
      const answer = await bring(body, asked);
      expect(answer.status, answer.text).to.equal(status);
      const problem = JSON.parse(answer.text) as { code: string; detail: string };
      expect(problem.code).to.equal(code);
      expect(problem.detail).to.have.length.greaterThan(20);
      expect(problem.detail).not.to.include('--');
    });
  }
});
