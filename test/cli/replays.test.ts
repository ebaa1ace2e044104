import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { inEnvironment } from '../support/environment.ts';
import { waitUntil } from '../support/signal.ts';
import { runHere, runOnTerminal } from './in-process.ts';
import { call, noLimits, usePlace, type Up } from './twinbox.ts';

type Groups = { groups: { fingerprint: string; count: number; closed: number }[] };
type Job = {
  id: number;
  state: string;
  pairs: number;
  done: number;
  failed: number;
  queued: number;
  reason: string;
};

describe('twinbox replay, replays and groups', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  let fingerprint = '';

  const run = (...args: string[]) => place.run(args);

  before('four customers whose creates Stripe refuses', async () => {
    up = await place.up();
    await noLimits(up);
    for (const name of ['ada', 'bea', 'cyd', 'dot'])
      await call('POST', `${up.api}/api/v1/customers`, { name, email: `${name}@localhost` });
    await waitUntil(
      async () => (await database.db('external_mappings').where({ state: 'parked' })).length === 4,
      {
        timeoutMs: 20_000,
        what: 'they are parked',
      },
    );
    fingerprint = (JSON.parse((await run('groups', '--json')).stdout) as Groups).groups[0]?.fingerprint ?? '';
  });

  const groups = async (...more: string[]) =>
    (JSON.parse((await run('groups', 'list', ...more, '--json')).stdout) as Groups).groups;

  const shown = async (id: number) =>
    JSON.parse((await run('replays', 'show', String(id), '--json')).stdout) as Job;

  it('needs a reason for more than one customer, and does nothing without it', async () => {
    const refused = await run('replay', '--yes');
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.include('these are 4 pairs. Say why with --reason.');
    expect(await database.db('replay_jobs')).to.deep.equal([]);
    expect((await run('replays')).stderr).to.equal('There is no replay.\n');
  });

  it('replays a group at a rate as a job, which can be paused, resumed and cancelled', async () => {
    const begun = await run(
      ...['groups', 'replay', fingerprint, '--rate', '0.1', '--yes', '--wait', '0', '--reason', 'looked at'],
    );
    expect(begun.code, begun.stderr).to.equal(0);
    expect(begun.stdout).to.include('send the same create again');
    expect(begun.stdout, 'one that waits for its turn is no result').to.match(/^customer 4 +not done yet$/m);
    expect(begun.stderr)
      .to.include('4 customers will be tried again now.')
      .and.to.include('at 0.1 customers per second');
    const [, id = '0'] = /replays show (\d+)/.exec(begun.stderr) ?? [];
    expect((await run('replays', 'pause', id, '--reason', 'lunch')).stderr).to.include(
      `wait for: npx twinbox replays resume ${id}`,
    );
    expect(await shown(Number(id))).to.include({ state: 'paused', pairs: 4, reason: 'looked at' });
    expect((await run('replay', '--yes', '--reason', 'again')).stderr).to.include(`in replay ${id}`);
    expect((await run('replays', 'resume', id)).stderr).to.include('running again');
    expect((await run('replays', 'cancel', id)).stderr).to.include('cancelled');
    const again = await run('replays', 'resume', id);
    expect(again).to.include({ code: 1 });
    expect(again.stderr).to.include('cannot be told to resume. Begin another: npx twinbox replay');
    expect((await run('replays', 'list')).stdout).to.match(new RegExp(`^${id} +cancelled +4 `, 'm'));
    expect((await run('replays', 'show', '999')).code).to.equal(3);
  });

  it('lets the workers do a job, and shows which pairs failed', async () => {
    const begun = await run('replay', '--group', fingerprint, '--yes', '--json', '--reason', 'once more');
    expect(begun.code, begun.stderr).to.equal(0);
    const { job, replayed } = JSON.parse(begun.stdout) as { job: number; replayed: number };
    expect(replayed).to.equal(4);
    const followed = await run('replays', 'show', String(job), '--follow');
    expect(followed.code, followed.stderr).to.equal(0);
    expect(followed.stdout).to.include(`${job}, finished`);
    expect(followed.stderr, 'a bar is for terminals').to.not.match(/█|░|No worker/);
    expect(await shown(job)).to.include({ failed: 4, done: 0, queued: 0 });
    expect((await run('replays', 'show', String(job))).stdout).to.match(/parked: email_invalid/);
  });

  it('shows what needs attention as groups on a terminal, and as a list elsewhere or with a limit', async () => {
    const [short, limited] = await inEnvironment({ DATABASE_URL: database.url }, async () => [
      await runOnTerminal('events', '--needs-attention'),
      await runOnTerminal('events', '--needs-attention', '--limit', '2'),
    ]);
    expect(short.stdout.match(/^ {2}customer \d  parked /gm)).to.have.length(4);
    expect(short.stdout).to.not.match(/^number /m);
    expect(short.stderr).to.include('npx twinbox events --needs-attention --limit 50');
    expect(limited.stdout).to.match(/^number /m);
    expect((await run('events', '--needs-attention')).stdout).to.match(/^number /m);
  });

  it('closes an event and a group, with a reason', async () => {
    const [first] = await database.db<{ event_id: string }>('sync_deliveries').where('status', 'parked');
    const begin = first?.event_id.slice(0, -4) ?? '';
    const ids = Array.from({ length: 1_001 }, (_, n) => `${begin}${1_000 + n}`);
    const many = await run('events', 'close', ...ids, '--yes', '--reason', 'test data');
    expect(many).to.include({ code: 2 });
    expect(many.stderr).to.include('<event...> must be the ids of 1 to 1000 events');
    const asked = await run('events', 'close', first?.event_id ?? '', '--reason', 'test data');
    expect(asked, 'without a terminal it shows and refuses').to.include({ code: 2 });
    expect(asked.stdout).to.match(/^customer \d +parked +email_invalid +[0-9a-f-]{36}$/m);
    expect(asked.stderr)
      .to.include('Nothing was done: twinbox events close asks first')
      .and.to.include('--yes');
    expect(await database.db('closed_pairs')).to.deep.equal([]);
    const one = await run('events', 'close', first?.event_id ?? '', '--yes', '--reason', 'test data');
    expect(one).to.include({ code: 0 });
    expect(one.stderr).to.include('1 pair closed');
    expect((await groups()).map(({ count, closed }) => [count, closed])).to.deep.equal([[3, 1]]);
    expect((await run('groups', 'show', fingerprint)).stdout).to.include('1 pair closed by a person');
    expect(
      JSON.parse(
        (await run('groups', 'close', fingerprint, '--reason', 'test data', '--yes', '--json')).stdout,
      ),
    ).to.deep.equal({ selected: 3, closed: 3, left: 0 });
    expect(await groups()).to.deep.equal([]);
    expect((await groups('--closed')).map(({ count, closed }) => [count, closed])).to.deep.equal([[0, 4]]);
    expect((await run('groups', 'close', fingerprint, '--reason', 'again', '--yes')).code).to.equal(3);
    for (const wrong of [[], ['--reason', ' ', '--yes'], ['--reason', 'again', '--json']])
      expect((await runHere('groups', 'close', fingerprint, ...wrong)).code, wrong.join(' ')).to.equal(2);
  });

  it('says of a replay that no worker runs', async () => {
    up.process.kill('SIGTERM');
    await up.exited;
    const args = ['--closed', '--rate', '0.1', '--yes', '--wait', '0', '--json', '--reason', 'once more'];
    const begun = await run('replay', ...args);
    expect(begun.code, begun.stderr).to.equal(0);
    const { job } = JSON.parse(begun.stdout) as { job: number };
    const { stdout, stderr } = await run('replays', 'show', String(job));
    expect(stdout).to.include(`${job}, running`);
    expect(stderr).to.include('No worker runs').and.to.include('npx twinbox up');
  });
});
