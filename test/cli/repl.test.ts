import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { insertCustomer } from '../support/customers.ts';
import { newEventId } from '../../lib/uuid.ts';
import { AS_TERMINAL, usePlace, type Up } from './twinbox.ts';

/** Statements as a person types them, one a line. */
const typed = (...lines: string[]): string => `${lines.join('\n')}\n`;

describe('twinbox repl --scratch', function () {
  // A whole system is started and stopped, which takes long on a busy machine.
  this.timeout(180_000);
  const place = usePlace();
  const scratch = (input: string, env: Record<string, string> = {}) =>
    place.run(['repl', '--scratch'], { input, env });

  it('starts a whole system, whatever variables the shell has set, runs statements and stops what it started', async () => {
    const { code, stdout, stderr } = await scratch(
      typed(
        "const ada = await customers.create({ name: 'Ada', email: 'ada@example.com' })",
        'await engine.quiet()',
        'const { state, externalId } = await engine.mapping(ada.id)',
        'state',
        "void (await simulator.edit(externalId, { name: 'Ada King' }))",
        "(await engine.reconcile(ada.id)).shadow['name']",
        "(await db('customers').select('name'))[0]",
        '(await simulator.customers()).length',
        'await engine.theirs(ada.id).then(({ record }) => record.fields.name)',
        'config.database.url',
      ),
      {
        DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
        STRIPE_SECRET_KEY: 'sk_live_never_touched',
        API_PORT: '1',
      },
    );
    expect(stdout.split('\n').filter((line) => line !== 'undefined')).to.deep.equal([
      "'linked'",
      "{ ours: 'Ada King', theirs: 'Ada King' }",
      "{ name: 'Ada King' }",
      '1',
      "'Ada King'",
      '',
    ]);
    expect(code).to.equal(0);
    expect(stderr)
      .to.include('A scratch system runs in this process')
      .and.match(/engine +what a worker is given/)
      .and.match(/simulator +http:\/\/127\.0\.0\.1:\d+/);
    const folder = join(place.folder, 'data', 'try');
    expect(existsSync(join(folder, 'running.json'))).to.equal(false);
    expect(existsSync(join(folder, 'postgres', 'data', 'postmaster.pid'))).to.equal(false);
    expect(readFileSync(join(folder, 'twinbox.log'), 'utf8')).to.include('"event":"delivery.settled"');
  });

  it('begins empty again at the next start', async () => {
    const { code, stdout } = await scratch(typed("(await db('customers')).length"));
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '0\n' });
  });
});

describe('twinbox repl', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  const repl = (input: string, env: Record<string, string> = {}) => place.run(['repl'], { input, env });
  const create = (name: string) => {
    const now = new Date();
    const stamp = { eventId: newEventId(now), source: 'internal', context: {}, now };
    return insertCustomer(database.db, { name, email: `${name.length}@example.com` }, stamp);
  };

  describe('without a running `up`', () => {
    it('works only when its statements say so, and says that', async () => {
      const { id } = await create('Alone');
      const { code, stdout, stderr } = await repl(typed(`(await customers.read(${id})).name`));
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "'Alone'\n" });
      expect(stderr).to.include('No relay and no worker runs');
      expect(await database.db('sync_deliveries').count('* as n')).to.deep.equal([{ n: 0 }]);
    });

    it('lets a statement wait for the one before it', async () => {
      const { stdout } = await repl(
        typed(
          "let order = ''",
          "await new Promise((done) => setImmediate(() => { order += 'first '; done() }))",
          "order += 'second'",
        ),
      );
      expect(stdout.split('\n').at(-2)).to.equal("'first second'");
    });

    it('accepts statements of several lines', async () => {
      const { code, stdout } = await repl(typed('function twice(x) {', '  return 2 * x', '}', 'twice(21)'));
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'undefined\n42\n' });
    });

    it('continues after a statement that fails, and ends with status 1', async () => {
      for (const wrong of ["throw new Error('as asked')", "await Promise.reject(new Error('as asked'))"]) {
        const { code, stdout } = await repl(typed(wrong, '1 + 1'));
        expect(code).to.equal(1);
        expect(stdout).to.include('Error: as asked').and.match(/^2$/m);
      }
    });

    it('ends with status 1 where the input ends within a statement', async () => {
      const { code, stderr } = await repl(typed('[1, 2].map((x) => {'));
      expect(code).to.equal(1);
      expect(stderr).to.include('The input ended within a statement.');
    });

    it('shows invisible characters in a name as escapes, and refuses the values that the API refuses', async () => {
      const { id } = await create('Ada\u202e gnp');
      const { code, stdout } = await repl(
        typed(`(await customers.read(${id})).name`, "await customers.create({ name: 'Ada', email: 'ada' })"),
      );
      expect(code).to.equal(1);
      expect(stdout).to.include("'Ada\\u202e gnp'").and.include('email must be an email address');
    });

    it('does not let a statement redefine one of its own names by mistake', async () => {
      const { code, stdout } = await repl(typed('const db = 5', 'typeof db'));
      expect(code).to.equal(1);
      expect(stdout).to.include("'db' has already been declared").and.include("'function'");
    });

    it('reads keys on a terminal, keeps a history in the data folder, and ends at Ctrl-D', async () => {
      const typing = (keys: string) => repl(keys, { ...AS_TERMINAL, TERM: 'xterm' });
      const first = await typing('40 + 2\r\u0004');
      expect(first.code).to.equal(0);
      expect(first.stdout).to.include('twinbox> ').and.match(/^42/m);
      const file = join(place.folder, 'data', 'repl-history');
      expect(readFileSync(file, 'utf8')).to.include('40 + 2');
      // The key "up" brings the last statement back.
      const second = await typing('\u001b[A\r\u0004');
      expect(second.stdout).to.match(/^42/m);
    });
  });

  describe('beside a running `up`', () => {
    let up: Up;
    before('start it', async () => {
      up = await place.up();
    });
    after('stop it', async () => {
      up.process.kill('SIGTERM');
      await up.exited;
    });

    it('uses the running system, and leaves it running', async () => {
      const { code, stdout, stderr } = await repl(
        typed(
          "const { id } = await customers.create({ name: 'Bo', email: 'bo@example.com' })",
          'await engine.quiet()',
          'const { externalId } = await engine.mapping(id)',
          "void (await simulator.edit(externalId, { name: 'Bo Li' }))",
          'void (await simulator.idle())',
          'await engine.quiet()',
          '(await engine.reconcile(id)).state',
          '(await customers.read(id)).name',
          'simulator.url',
        ),
      );
      expect(stdout.split('\n').filter((line) => line !== 'undefined')).to.deep.equal([
        "'linked'",
        "'Bo Li'",
        `'${up.simulator}'`,
        '',
      ]);
      expect(code).to.equal(0);
      expect(stderr).to.include(`\`twinbox up\` runs beside this session as process ${up.pid}`);
      expect((await fetch(`${up.api}/health`)).status).to.equal(200);
    });

    it('takes no step for a customer that a worker is working on', async () => {
      const { id } = await create('Held');
      await repl(typed('await engine.quiet()'));
      const held = database.db('external_mappings').where({ internal_id: id });
      await held
        .clone()
        .update({ lease_owner: 'another', lease_until: database.db.raw("now() + interval '1 hour'") });
      const before: unknown = await held.clone().first('dirty', 'fence');
      const { code, stdout } = await repl(typed(`await engine.reconcile(${id})`));
      expect(code).to.equal(1);
      expect(stdout).to.match(/a worker has mapping \d+ in hand/);
      expect(await held.clone().first('dirty', 'fence')).to.deep.equal(before);
    });
  });

  describe('is refused where it could do harm', () => {
    const refusal = async (env: Record<string, string>): Promise<string> => {
      const { code, stdout, stderr } = await repl(typed('1 + 1'), env);
      expect({ code, stdout }).to.deep.equal({ code: 78, stdout: '' });
      return stderr;
    };

    it('because the environment is called production', async () => {
      const names = ['production', 'prod-eu', 'live'];
      const said = await Promise.all(names.map((name) => refusal({ TWINBOX_ENV: name })));
      said.forEach((text, at) =>
        expect(text).to.include(`TWINBOX_ENV is ${names[at]}. twinbox repl is for development only`),
      );
      const { code } = await place.run(['repl', '--scratch'], { env: { TWINBOX_ENV: 'production' } });
      expect(code).to.equal(78);
    });

    it('because the key is live', async () => {
      const keys = ['sk_live_abc', 'rk_live_abc'];
      for (const said of await Promise.all(keys.map((key) => refusal({ STRIPE_SECRET_KEY: key }))))
        expect(said).to.include('STRIPE_SECRET_KEY is a live key.').and.not.include('live_abc');
    });

    it('because the database belongs to a live account', async () => {
      const bound = { system: 'stripe', account: 'acct_live', livemode: true, bound_at: new Date() };
      await database.db('connections').insert(bound).onConflict('system').merge();
      expect(await refusal({})).to.include('This database belongs to the live account acct_live.');
    });

    it('because no database exists yet', async () => {
      const { code, stderr } = await repl('', { DATABASE_URL: '' });
      expect(code).to.equal(69);
      expect(stderr).to.include('There is no database');
    });
  });
});
