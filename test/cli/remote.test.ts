import { expect } from 'chai';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StoredConflict } from '../../db/conflicts.ts';
import { conflictJson } from '../../api/conflicts.ts';
import { createApiClient } from '../../cli/remote/client.ts';
import { followStream } from '../../cli/remote/event-stream.ts';
import { toConflict, toGroup, toMember } from '../../cli/remote/wire.ts';
import { createOutput } from '../../cli/output.ts';
import { runCli } from '../../cli/run.ts';
import { customer } from '../../lib/catalogue/built-in.ts';
import { systemClock } from '../../lib/clock.ts';
import { groupJson, memberJson, type ExplainedGroup } from '../../lib/operations/error-groups.ts';
import { createKeyOperations } from '../../lib/operations/keys.ts';
import { freshCustomer, startApi } from '../api/start-api.ts';
import { useDatabase } from '../support/database.ts';
import { inEnvironment } from '../support/environment.ts';
import { runHere } from './in-process.ts';

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address where nothing listens. */
async function closedPort(): Promise<string> {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return url;
}

const throughJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
const at = new Date('2026-11-30T01:02:03.456Z');

describe('a command with TWINBOX_API_URL', () => {
  const database = useDatabase();
  let api: Awaited<ReturnType<typeof startApi>>;
  let [viewer, revoked] = ['', ''];

  before(async () => {
    api = await startApi({ db: database.db });
    const keys = createKeyOperations({ db: database.db, clock: systemClock, keySecrets: [] });
    const by = { actor: 'test', reason: null };
    const make = () => keys.create({ name: 'reader', scope: 'viewer', system: null, expiresAt: null }, by);
    const [good, ended] = [await make(), await make()];
    await keys.revoke(ended.key.id, by);
    [viewer, revoked] = [good.text, ended.text];
  });
  const opened: Server[] = [];
  after(() => api.server.close());
  after(() => opened.forEach((server) => server.close()));

  const ask = (url: string, key: string | null, ...args: string[]) =>
    inEnvironment({ TWINBOX_API_URL: url, ...(key !== null && { TWINBOX_API_KEY: key }) }, () =>
      runHere(...args),
    );

  it('reads what the key may read', async () => {
    const { code, stdout } = await ask(api.server.url, viewer, 'events', '--json');
    expect({ code, ...(JSON.parse(stdout) as object) }).to.deep.equal({ code: 0, events: [], after: null });
    const status = await ask(api.server.url, viewer, 'status');
    expect(status.stdout).to.include(`${api.server.url}, ready`);
  });

  it('says in one line what is wrong with the address, the key or its scope', async () => {
    const { url } = api.server;
    const other = createServer((_req, res) => res.end('<html>'));
    const another = await listening(other);
    const begin = createServer((_req, res) =>
      res.writeHead(503).end('{"status":503,"code":"starting","detail":"The database is not open yet."}'),
    );
    const starting = await listening(begin);
    const cut = createServer((_req, res) => {
      res.writeHead(200, { 'Content-Length': '100' }).write('[', () => res.destroy());
    });
    const broken = await listening(cut);
    opened.push(other, begin, cut);
    const closed = await closedPort();
    const wrong: [string, string | null, string[], number, RegExp][] = [
      [closed, null, ['events'], 69, /cannot be reached \(ECONNREFUSED\)\. Start it, or fix/],
      ['nowhere', null, ['events'], 78, /TWINBOX_API_URL/],
      [
        'http://me:my-password@127.0.0.1:1',
        null,
        ['events'],
        78,
        /TWINBOX_API_URL .*without a name or a password/,
      ],
      [another, null, ['groups'], 69, /is no Twinbox API/],
      [starting, null, ['status'], 69, /refuses: The database is not open yet\./],
      [broken, null, ['events'], 69, /cannot be reached/],
      [`${url}/elsewhere`, viewer, ['events'], 69, /no such route \(404\)/],
      [url, null, ['events'], 78, /needs a key\. Set TWINBOX_API_KEY to a key of that API/],
      [
        url,
        viewer,
        ['tail', '--after', 'abc'],
        2,
        /^--after must be a whole position, as an answer gave it\.$/m,
      ],
      [url, revoked, ['tail'], 78, /was revoked at/],
      [
        url,
        'twinbox_000000000000_wrong',
        ['events'],
        78,
        /the key in TWINBOX_API_KEY: It is not a key of this API/,
      ],
      [
        url,
        viewer,
        ['keys'],
        78,
        /needs a key with the scope admin; the key of this request has the scope viewer/,
      ],
      [url, viewer, ['customers', 'changes', '--after', '1.2'], 2, /must be a whole position/],
    ];
    for (const [place, key, command, status, says] of wrong) {
      const { code, stderr } = await ask(place, key, ...command);
      expect({ code, lines: stderr.trimEnd().split('\n').length }, stderr).to.deep.equal({
        code: status,
        // Wrong settings are listed below a sentence.
        lines: place === 'nowhere' || place.includes('@') ? stderr.trimEnd().split('\n').length : 1,
      });
      expect(stderr).to.not.include('my-password');
      expect(stderr).to.match(says);
      for (const secret of [viewer, revoked]) expect(stderr).to.not.include(secret);
    }
  });

  it('refuses a command that works on the database, and names it', async () => {
    for (const command of [
      ['verify'],
      ['keys', 'create', 'x', '--scope', 'viewer'],
      ['doctor'],
      ['migrate', '--plan'],
    ]) {
      const { code, stderr } = await ask(api.server.url, viewer, ...command);
      const name = command.slice(0, command[0] === 'keys' ? 2 : 1).join(' ');
      expect({ code, stderr }).to.deep.equal({
        code: 2,
        stderr: `twinbox ${name} works on the database itself, and TWINBOX_API_URL names an API. Leave TWINBOX_API_URL out, and run the command where DATABASE_URL or the data folder is at hand.\n`,
      });
    }
  });

  it('shows changes as they happen, by the stream and by the database alike', async () => {
    for (const where of [
      { TWINBOX_API_URL: api.server.url, TWINBOX_API_KEY: viewer },
      { DATABASE_URL: database.url },
    ]) {
      const waiting = Promise.withResolvers<undefined>();
      const written: string[] = [];
      const stream = (into: string[]) => ({
        write(text: string) {
          into.push(text);
          if (text.startsWith('Waiting')) waiting.resolve(undefined);
        },
        on: () => undefined,
      });
      const output = createOutput(stream(written), stream([]));
      const { DATABASE_URL: url } = { DATABASE_URL: '', ...where };
      const tail = inEnvironment(where, () => runCli(['tail', '--count', '1'], output));
      await waiting.promise;
      const headers = { Authorization: `Bearer ${await editor(url)}` };
      const made = await api.send('POST', '/api/v1/customers', { body: freshCustomer(), headers });
      expect(made.status, made.text).to.equal(201);
      expect(await tail).to.equal(0);
      expect(written.join('')).to.match(
        new RegExp(`^\\d{4}-\\d\\d-\\d\\d \\S+  customer ${made.json.id}  created, version 1\\n$`),
      );
    }
  });

  it('gives up a stream that is not answered, and takes one up again that falls silent', async () => {
    const asked: (string | undefined)[] = [];
    const silent = createServer((req, res) => {
      asked.push(req.headers['last-event-id'] as string | undefined);
      if (asked.length === 1) return;
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(`id: p${asked.length}\n\n`);
    });
    opened.push(silent);
    const place = { url: await listening(silent), key: null };
    const client = createApiClient(place, { answerMs: 50, silentMs: 50 });
    const end = new AbortController();
    const take = (): void => {
      if (asked.length === 4) end.abort();
    };
    const follow = () => followStream(client, undefined, take, end.signal);
    const failure = await follow().catch((error: unknown) => String(error));
    expect(failure).to.include('did not answer within');
    expect(await follow()).to.equal('aborted');
    expect(asked).to.deep.equal([undefined, undefined, 'p2', 'p3']);
    silent.closeAllConnections();
  });

  async function editor(name: string): Promise<string> {
    const keys = createKeyOperations({ db: database.db, clock: systemClock, keySecrets: [] });
    const wanted = { name: name === '' ? 'remote' : 'local', scope: 'editor' as const, system: null };
    return (await keys.create({ ...wanted, expiresAt: null }, { actor: 'test', reason: null })).text;
  }
});

describe('an answer of the API, read back', () => {
  it('is the group that it was made of, with its pairs', () => {
    const member = {
      ...{ mapping: 7, customer: 42, externalId: 'cus_1', state: 'parked', since: at },
      ...{ eventId: null, closed: false, says: 'the email is refused' },
    };
    const group: ExplainedGroup = {
      ...{
        fingerprint: '0123456789ab',
        kind: 'invalid',
        system: 'stripe',
        class: 'invalid',
        code: 'email_invalid',
        field: null,
      },
      ...{
        count: 2,
        closed: 0,
        parked: 1,
        waiting: 1,
        retrying: 0,
        customers: 2,
        firstSeen: at,
        lastSeen: at,
      },
      ...{ means: 'm', cure: 'c', example: member },
    };
    // `kind` is only for the search of the meaning, which is there already.
    expect({ ...toGroup(throughJson(groupJson(group))), kind: group.kind }).to.deep.equal(group);
    expect(toMember(throughJson(memberJson(member)))).to.deep.equal(member);
  });

  it('is the conflict that it was made of, in all that a command shows', () => {
    const conflict = {
      ...{
        id: 'c1',
        kind: 'field',
        field: 'name',
        base: 'A',
        ours: 'B',
        theirs: 'C',
        rule: 'newest',
        winner: 'ours',
      },
      ...{
        oursFrom: 'sql',
        theirsFrom: 'stripe',
        note: null,
        system: 'stripe',
        internalId: 42,
        externalId: 'cus_1',
      },
      ...{ eventId: 'e1', intentId: null, createdAt: at, reversedAt: at },
    } as unknown as StoredConflict; // without the members that no command shows
    expect(toConflict(throughJson(conflictJson(customer, conflict)))).to.deep.include(conflict);
  });
});
