import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { call, noLimits, usePlace, type Up } from './twinbox.ts';

type View = { id: number; sync: Record<string, { state: string; reason: string | null }> };
type Status = {
  running: { pid: number } | null;
  customers: number;
  parked: number;
  dirty: number;
  stripe: { paused_why: string | null };
};

describe('the commands beside a running twinbox', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  before('start it', async () => {
    up = await place.up();
    await noLimits(up);
  });

  const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';
  const status = async () => JSON.parse((await place.run(['status', '--json'])).stdout) as Status;
  const create = (name: string, email = `${name}@example.com`) =>
    call<View>('POST', `${up.api}/api/v1/customers`, { name, email });
  const attempts = async (): Promise<number> =>
    Number((await database.db('sync_attempts').count('* as n'))[0]?.['n']);

  it('verify and import: rows arrive, invalid ones are named by line, equal ones are skipped', async () => {
    const file = join(place.folder, 'customers.csv');
    const rows = Array.from({ length: 60 }, (_, at) => `Customer ${at},c${at}@example.com,Basel`);
    await writeFile(file, ['name,email,city', 'Nobody,nowhere,Basel', ...rows].join('\n'));
    const first = await place.run(['import', file]);
    expect(first.code).to.equal(1);
    expect(first.stdout).to.equal('61 rows: 60 created, 0 skipped (already in the table), 1 refused\n');
    expect(first.stderr)
      .to.include('Not used: the column city')
      .and.match(/line 2: email must be an email address/);

    const again = await place.run(['import', '-', '--json'], {
      input: `\ufeffname,email\n${rows[0]?.replace(',Basel', '')}\n`,
    });
    expect(again.code).to.equal(0);
    expect(JSON.parse(again.stdout)).to.include({ rows: 1, created: 0, skipped: 1 });

    const verified = await place.run(['verify', '--wait', '30']);
    expect(verified).to.include({ code: 0, stdout: '60 customers agree, 0 drift\n' });
  });

  it('pause and resume: changes are kept, and verify cannot compare meanwhile', async () => {
    expect((await place.run(['pause', 'stripe', '--why', 'month end'])).code).to.equal(0);
    await create('Paused');
    await waitUntil(async () => (await database.db('external_mappings').count('* as n'))[0]?.['n'] === 61, {
      timeoutMs: 10_000,
      what: 'the change is received',
    });
    const paused = await status();
    expect(paused).to.deep.include({ customers: 61, dirty: 1 });
    expect(paused.stripe.paused_why).to.equal('month end');
    const text = await place.run(['status']);
    expect(text.stdout)
      .to.match(/^paused +stripe since .*: month end$/m)
      .and.include(`${up.pid}, API ${up.api}`);

    const again = await place.run(['pause', 'stripe', '--why', 'and the books']);
    expect(again).to.include({ code: 0 });
    expect(again.stderr).to.match(
      /^stripe is paused already, since .*: month end\. Your reason was recorded\.$/m,
    );
    expect((await status()).stripe.paused_why).to.equal('month end');

    const pending = await place.run(['verify']);
    expect(pending.code).to.equal(2);
    expect(lastLine(pending.stdout)).to.equal('60 customers agree, 0 drift, 1 pending');

    const resumed = await place.run(['resume', 'stripe', '--why', 'books are closed']);
    expect(resumed).to.include({ code: 0, stderr: 'stripe is resumed.\n' });
    const asked = await database.db<{ action: string; reason: string; actor: string }>('operator_actions');
    expect(asked.map(({ action, reason }) => [action, reason])).to.deep.equal([
      ...[
        ['pause', 'month end'],
        ['pause', 'and the books'],
      ],
      ['resume', 'books are closed'],
    ]);
    for (const { actor } of asked) expect(actor).to.match(/^cli:\S+ on \S+$/);
    const [pausedEvent] = await database
      .db<{ event_id: string; event_type: string; id: number }>('sync_events')
      .where('event_type', 'customer.created')
      .orderBy('id', 'desc')
      .limit(1);
    const shown = await place.run(['events', 'show', pausedEvent?.event_id ?? '']);
    expect(shown.stdout)
      .to.match(/operator +pause by cli:\S+ on \S+: month end/)
      .and.to.match(/operator +resume by cli:\S+ on \S+: books are closed/);
    expect(await place.run(['verify', '--wait', '20'])).to.include({
      code: 0,
      stdout: '61 customers agree, 0 drift\n',
    });
  });

  it('resume ends the rest of an account whose quota is used up; status and doctor say until when', async () => {
    await database.db.raw(
      `insert into account_rests (system, account, since, until, why)
       select system, account, now(), now() + interval '9 hours', '{"code": "quota_used_up", "message": ""}' from connections`,
    );
    const says = /quota of the account is used up .*nothing is sent until .* UTC/;
    expect((await place.run(['status'])).stdout).to.match(says);
    expect((await place.run(['doctor'])).stdout).to.match(says);
    const before = (await database.db('operator_actions').where('action', 'resume')).length;
    expect(await place.run(['resume', 'stripe', '--why', 'a larger quota'])).to.include({
      code: 0,
      stderr:
        'stripe is resumed: its account rested because its quota was used up, and is called again now.\n',
    });
    const actions = await database.db<{ action: string }>('operator_actions').where('action', 'resume');
    expect(actions).to.have.length(before + 1);
    expect((await place.run(['status'])).stdout).to.not.match(says);
    expect((await place.run(['resume', 'stripe'])).stderr).to.equal('stripe was not paused.\n');
  });

  it('replay: shows without a terminal, and does it with --yes', async () => {
    expect(await place.run(['replay'])).to.include({ code: 3, stdout: '', stderr: 'Nothing is parked.\n' });
    const { id } = await create('Refused', 'refused@localhost');
    await waitUntil(
      async () =>
        (await call<View>('GET', `${up.api}/api/v1/customers/${id}`)).sync['stripe']?.state === 'parked',
      {
        timeoutMs: 10_000,
        what: 'it is parked',
      },
    );
    const before = await attempts();

    const shown = await place.run(['replay']);
    expect(shown.code).to.equal(0);
    expect(shown.stdout).to.match(
      new RegExp(
        `^${id} +created +parked +email_invalid +send the same create again: unchanged since Stripe refused it \\(email_invalid\\) `,
        'm',
      ),
    );
    expect(shown.stderr).to.include('Nothing was changed');
    expect(await attempts()).to.equal(before);
    expect((await place.run(['replay', '--error', 'nothing_like_it'])).code).to.equal(3);

    const parked = await place.run(['verify', '--json']);
    expect(parked.code).to.equal(2);
    expect(JSON.parse(parked.stdout)).to.include({ agree: 61, drift: 0, parked: 1 });

    const done = await place.run([
      ...['replay', '--customer', String(id), '--yes', '--json'],
      ...['--reason', 'the address was checked'],
    ]);
    expect(done.code).to.equal(0);
    expect(JSON.parse(done.stdout)).to.include({ matched: 1, replayed: 1 });
    expect((await database.db('operator_actions').where({ action: 'replay' }))[0]).to.include({
      reason: 'the address was checked',
    });
    await waitUntil(async () => (await attempts()) > before, {
      timeoutMs: 10_000,
      what: 'it is tried again',
    });

    await call('PATCH', `${up.api}/api/v1/customers/${id}`, { email: 'fixed@example.com' });
    expect(await place.run(['verify', '--wait', '20'])).to.include({
      code: 0,
      stdout: '62 customers agree, 0 drift\n',
    });
  });

  it('relay --shards: status says how many shards there are, and how many of them have a process', async () => {
    const shards = async () =>
      (JSON.parse((await place.run(['status', '--json'])).stdout) as { relay_shards: object }).relay_shards;
    expect(await shards()).to.deep.equal({ all: 1, active: 1 });
    expect(await place.run(['relay', '--shards', '2'])).to.include({ code: 0 });
    await waitUntil(async () => JSON.stringify(await shards()) === JSON.stringify({ all: 2, active: 2 }), {
      timeoutMs: 30_000,
      what: 'both shards have a process',
    });
    expect((await place.run(['status'])).stdout).to.match(
      /^relay .* s behind; 2 of 2 shards have a process$/m,
    );
  });

  it('work after twinbox has stopped too; verify finds real drift', async () => {
    up.process.kill('SIGTERM');
    expect(await up.exited).to.equal(0);
    expect(await place.run(['verify'])).to.include({ code: 0, stdout: '62 customers agree, 0 drift\n' });
    expect((await status()).running).to.equal(null);

    // As if the engine had taken this change for delivered.
    await database.db.transaction(async (tx) => {
      const { rows } = await tx.raw<{ rows: { id: number; version: number }[] }>(
        `update customers set name = 'Somebody else', version = version + 1, last_event_id = next_sync_event_id()
         where id = (select min(id) from customers) returning id, version`,
      );
      const [row] = rows;
      if (!row) throw new Error('no customer');
      await tx.raw(`select write_customer_event(:id)`, { id: row.id });
      await tx.raw(
        `update external_mappings set wanted_version = :version, pushed_version = :version where internal_id = :id`,
        row,
      );
    });
    const drift = await place.run(['verify']);
    expect(drift.code).to.equal(1);
    expect(drift.stdout).to.match(/^drift +customer \d+ +cus_\w+ +name\n61 customers agree, 1 drift\n$/);

    const asked = await place.run(['verify', '--repair', '--wait', '0']);
    expect(asked.stderr).to.match(/Workers look again at 1 pair \(\d+\)/);
    expect(asked).to.include({ code: 2 });
    expect(asked.stdout).to.include('61 customers agree, 0 drift, 1 pending');
  });

  it('say clearly what is missing', async () => {
    const nothing = { DATABASE_URL: '', TWINBOX_DATA_DIR: join(place.folder, 'nothing') };
    const lost = [['verify'], ['status'], ['replay'], ['pause', 'stripe']];
    for (const { code, stdout, stderr } of await Promise.all(
      lost.map((args) => place.run(args, { env: nothing })),
    )) {
      expect({ code, stdout }).to.deep.equal({ code: 69, stdout: '' });
      expect(stderr).to.match(/There is no database in .* yet\. Start Twinbox first: npx twinbox up/);
    }
    const silent = { STRIPE_SECRET_KEY: 'sk_test_nobody', STRIPE_API_BASE: 'http://127.0.0.1:1' };
    const verified = await place.run(['verify'], { env: silent });
    expect(verified).to.include({ code: 2, stdout: '' });
    expect(verified.stderr).to.match(/No result: stripe does not answer \(connection_refused\)/);
  });
});
