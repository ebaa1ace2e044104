import { expect } from 'chai';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { runHere } from './in-process.ts';
import { call, noLimits, usePlace, type Up } from './twinbox.ts';

type View = { id: number; external_mappings: { stripe?: string }; sync: Record<string, { state: string }> };

describe('twinbox resolve and deletes, beside a running twinbox', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  before('start it', async () => {
    up = await place.up();
    await noLimits(up);
  });

  const customers = (): string => `${up.api}/api/v1/customers`;
  const read = (id: number): Promise<View> => call<View>('GET', `${customers()}/${id}`);
  const inState = (id: number, state: string) =>
    waitUntil(async () => (await read(id)).sync['stripe']?.state === state, {
      timeoutMs: 20_000,
      what: `customer ${id} is ${state}`,
    });

  async function create(name: string): Promise<number> {
    const { id } = await call<View>('POST', customers(), { name, email: `${name}@example.com` });
    await inState(id, 'linked');
    return id;
  }

  it('repair what deleted test data leaves: doctor reports it, all records are created anew, a delete ends', async () => {
    const ids = [await create('ada'), await create('bea'), await create('cleo'), await create('dora')];
    await call('POST', `${up.simulator}/_sim/reset`);
    const doctor = await place.run(['doctor']);
    expect(doctor.code).to.equal(1);
    expect(doctor.stdout).to.include(
      '4 of 4 records sampled are not at Stripe: the test data of the account was deleted, or the key belongs to another account',
    );
    expect(doctor.stdout).to.include('npx twinbox resolve --reason-code missing --recreate');
    const [edited = 0, deleted = 0] = ids;
    await call('PATCH', `${customers()}/${edited}`, { name: 'Ada L.' });
    await call('DELETE', `${customers()}/${deleted}`);
    await place.run(['verify', '--repair', '--wait', '10']);
    const listed = await place.run(['resolve', '--reason-code', 'missing', '--recreate']);
    expect(listed.code).to.equal(0);
    expect(listed.stdout.trimEnd().split('\n')).to.have.length(5);
    expect(listed.stdout).to.match(/^2 .* its delete ends, if Stripe does not know the record$/m);
    expect(listed.stderr).to.include('Nothing was changed');

    const plan = await place.run(['replay']);
    expect(plan.stdout).to.include('do nothing: the system does not know its counterpart');

    const done = await place.run(['resolve', '--reason-code', 'missing', '--recreate', '--yes', '--json']);
    expect(done.code, done.stdout + done.stderr).to.equal(0);
    expect(JSON.parse(done.stdout)).to.include({ matched: 4, decided: 4, stuck: 0 });
    expect((JSON.parse(done.stdout) as { results: { settled: boolean }[] }).results).to.have.length(4);
    expect((await read(edited)).sync['stripe']?.state).to.equal('linked');
    const verified = await place.run(['verify', '--wait', '20']);
    expect(verified).to.include({ code: 0, stdout: '3 customers agree, 0 drift\n' });
    expect((await place.run(['resolve'])).code).to.equal(3);
  });

  it('decide about one customer, and name what cannot be decided', async () => {
    const id = await create('eva');
    const refused = await place.run(['resolve', String(id), '--recreate', '--yes']);
    expect(refused.code).to.equal(3);
    expect(refused.stderr).to.include(`Customer ${id} is not parked and does not wait`);
    const { id: bad } = await call<View>('POST', customers(), { name: 'Bad', email: 'bad@localhost' });
    await inState(bad, 'parked');
    const plan = await place.run(['replay', '--customer', String(bad), '--yes']);
    expect(plan.stdout).to.include(
      'send the same create again: unchanged since Stripe refused it (email_invalid)',
    );
    expect(plan.stdout).to.match(new RegExp(`^customer ${bad} +parked: email_invalid$`, 'm'));
    const letGo = await place.run(['resolve', String(bad), '--let-go', '--yes', '--why', 'a robot']);
    expect(letGo).to.include({ code: 0 });
    expect(letGo.stdout).to.include('its pair has ended');
    expect((await read(bad)).sync['stripe']?.state).to.equal('detached');
    expect((await place.run(['resolve', '--state', 'detached'])).stdout).to.match(
      new RegExp(`^${bad} `, 'm'),
    );
    const owner = (await read(id)).external_mappings.stripe ?? '';
    const taken = await place.run(['resolve', String(bad), '--record', owner, '--yes']);
    expect(taken.code).to.equal(1);
    expect(taken.stderr).to.include(`${owner} is the record of customer ${id}`);
  });

  it('take held deletes back', async () => {
    const made: number[] = [];
    for (let n = 0; n < 22; n++) made.push(await create(`many${n}`));
    for (const id of made) await call('DELETE', `${customers()}/${id}`);
    await waitUntil(
      async () => (await place.run(['deletes', 'stripe', '--json'])).stdout.includes('"matched": 2'),
      { timeoutMs: 60_000, everyMs: 500, what: 'two deletes are held' },
    );
    const listed = await place.run(['deletes', 'stripe', '--take-back']);
    expect(listed.stdout).to.include('is created again as a new customer, linked with its record');
    const done = await place.run(['deletes', 'stripe', '--take-back', '--yes', '--json']);
    expect(done.code, done.stderr).to.equal(0);
    const { taken_back: taken } = JSON.parse(done.stdout) as { taken_back: { as: number }[] };
    expect(taken).to.have.length(2);
    for (const { as } of taken) await inState(as, 'linked');
    expect((await place.run(['deletes', 'stripe'])).code).to.equal(3);
    const verified = await place.run(['verify', '--wait', '20']);
    expect(verified.stdout).to.include(' 0 drift');
    expect(verified.code).to.equal(0);
  });

  it('end with 2 for invalid arguments', async () => {
    for (const args of [
      ['resolve', 'x', '--recreate'],
      ['resolve', '--recreate'],
      ['resolve', '1', '--recreate', '--let-go'],
      ['resolve', '1', '2', '--record', 'cus_1'],
      ['deletes', 'stripe', '--release', '--detach'],
      ['deletes', 'adyen'],
    ])
      expect((await runHere(...args)).code, args.join(' ')).to.equal(2);
  });
});
