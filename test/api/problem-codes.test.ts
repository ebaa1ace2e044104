// Every code of a refusal: in the page for people, in the document, and in a test that gets it.
import { globSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { problemKinds } from '../../api/problems.ts';
import { listen } from '../../api/server.ts';
import { answerStarting } from '../../api/starting.ts';
import { useDatabase } from '../support/database.ts';
import { readDocument } from './described.ts';
import { expectProblem, freshCustomer, startApi } from './start-api.ts';

const root = new URL('../../', import.meta.url);
const codes = Object.keys(problemKinds);
const local = { host: '127.0.0.1', port: 0 };

describe('the codes of refusals', () => {
  const database = useDatabase();

  it('are in docs/api.md, and no other ones', () => {
    const page = readFileSync(new URL('docs/api.md', root), 'utf8');
    const [, table = ''] = page.split('| status | code | what to do |');
    const rows = (table.split('\n\n')[0] ?? '').split('\n').filter((line) => /^\| \d/.test(line));
    const described = rows
      .flatMap((row) => [...(row.split('|')[2] ?? '').matchAll(/`(\w+)`/g)])
      .map(([, code]) => code);
    expect([...new Set(described)].sort()).to.deep.equal([...codes].sort());
    for (const row of rows)
      for (const [, code = ''] of (row.split('|')[2] ?? '').matchAll(/`(\w+)`/g))
        expect(row.split('|')[1], code).to.include(problemKinds[code as keyof typeof problemKinds].status);
  });

  it('are each the answer of an operation, but for paths and methods that there are not', () => {
    const document = JSON.stringify(readDocument().paths);
    const described = codes.filter((code) => new RegExp(`"enum":\\[[^\\]]*"${code}"`).test(document));
    const elsewhere = ['not_found', 'method_not_allowed'];
    // Only an entity with another identity than the email has this answer.
    const ofOthers = ['duplicate_identity'];
    expect([...described, ...elsewhere, ...ofOthers].sort()).to.deep.equal([...codes].sort());
  });

  it('are each reached by a test of the API', () => {
    const tests = globSync('test/api/**/*.test.ts', { cwd: root.pathname })
      .map((path) => readFileSync(new URL(path, root), 'utf8'))
      // The list of codes that have no other test is not a test.
      .join('\n');
    const missing = codes.filter((code) => !tests.includes(`'${code}'`));
    expect(missing, 'add a test that gets it').to.deep.equal([]);
  });

  it('include internal_error, for what no code was written for', async () => {
    const api = await startApi({ db: database.db });
    await database.db.raw('alter table sync_attempts rename to sync_attempts_away');
    try {
      expectProblem(await api.send('GET', '/api/v1/attempts'), 500, 'internal_error');
    } finally {
      await database.db.raw('alter table sync_attempts_away rename to sync_attempts');
      await api.server.close();
    }
  });

  it('include contended, where other writers leave no try', async () => {
    const api = await startApi({ db: database.db });
    await database.db.raw(`
      create function always_late() returns trigger language plpgsql as $$
      begin raise exception 'late' using errcode = 'serialization_failure'; end $$;
      create trigger always_late before insert on customers for each row execute function always_late()`);
    try {
      const answer = await api.send('POST', '/api/v1/customers', { body: freshCustomer() });
      expectProblem(answer, 503, 'contended');
      expect(answer.headers.get('Retry-After')).to.equal('1');
    } finally {
      await database.db.raw('drop function always_late cascade');
      await api.server.close();
    }
  });

  it('include starting, until a process has all that it needs', async () => {
    const server = await listen(answerStarting, local);
    try {
      const answer = await fetch(`${server.url}/api/v1/customers`);
      expect(answer.status).to.equal(503);
      expect(answer.headers.get('Retry-After')).to.equal('1');
      const said = (await answer.json()) as object;
      expect(said).to.include({ code: 'starting', type: 'urn:twinbox:problem:starting' });
      expect(said).to.have.property('request_id', answer.headers.get('X-Request-Id'));
      expect((await fetch(`${server.url}/health`)).status).to.equal(200);
    } finally {
      await server.close();
    }
  });

  /** What the server answers to these bytes before the app sees a request. */
  async function answerTo(bytes: string, options = {}): Promise<string> {
    const server = await listen((_req, res) => res.end(), { ...local, ...options });
    try {
      const socket = connect(server.port, '127.0.0.1');
      let text = '';
      socket.on('data', (part) => (text += String(part)));
      socket.write(bytes);
      await once(socket, 'close');
      return text;
    } finally {
      await server.close();
    }
  }

  it('include headers_too_large and request_timeout, before a route is known', async () => {
    const large = await answerTo(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).to.match(/^HTTP\/1\.1 431 /);
    expect(large).to.include('"code":"' + 'headers_too_large' + '"');
    const late = await answerTo('GET / HTTP/1.1\r\nHost: x\r\n', { headersMs: 50, lookMs: 20 });
    expect(late).to.match(/^HTTP\/1\.1 408 /);
    expect(late).to.include('"code":"' + 'request_timeout' + '"');
  });
});
