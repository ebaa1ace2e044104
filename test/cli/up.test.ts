import { expect } from 'chai';
import { readCustomer } from '../support/customers.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';
import { call, usePlace, type Up } from './twinbox.ts';

type Created = { id: number };
type Fault = { id: string; hits: number };

describe('twinbox up', () => {
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));
  let up: Up;
  before('start it', async () => {
    up = await place.up({ CONSOLE_PORT: '0' });
  });

  const addFault = (fault: object) => call<Fault>('POST', `${up.simulator}/_sim/faults`, fault);
  const create = (name: string) =>
    call<Created>('POST', `${up.api}/api/v1/customers`, { name, email: `${name}@example.com` });
  const linked = async (id: number): Promise<boolean> => {
    const customer = await readCustomer(database.db, id);
    return customer?.mappings[0]?.state === 'linked';
  };

  it('serves the API and brings a customer to the simulator', async () => {
    const { id } = await create('ada');
    await waitUntil(() => linked(id), { timeoutMs: 10_000, what: 'ada is linked' });
  });

  it('has the console on a port of its own, where nothing else is, and says where', async () => {
    const own = up.console ?? 'none';
    expect(new URL(own)).to.include({ hostname: '127.0.0.1', pathname: '/console' });
    const statusAt = async (path: string, base: string): Promise<number> =>
      (await fetch(new URL(path, base), { redirect: 'manual' })).status;
    expect(await statusAt('/console', own)).to.equal(200);
    expect(await statusAt('/', own)).to.equal(303);
    expect(await statusAt('/api/v1/customers', own)).to.equal(404);
    expect(await statusAt('/console', up.api)).to.equal(404);
  });

  it('refuses a second start on the same folder, and names the process that runs there', async () => {
    const { code, stdout, stderr } = await place.run(['up']);
    expect({ code, stdout }).to.deep.equal({ code: 69, stdout: '' });
    expect(stderr).to.include(`process ${up.pid} serves ${up.api}`).and.include('TWINBOX_DATA_DIR');
  });

  it('says which setting to change when a port is in use', async () => {
    const folder = { TWINBOX_DATA_DIR: `${place.folder}/second` };
    const api = await place.run(['up'], { env: { ...folder, API_PORT: new URL(up.api).port } });
    expect(api.code).to.equal(69);
    expect(api.stderr)
      .to.match(/another program uses port \d+ .*set API_PORT/)
      .and.not.to.match(/^ {4}at /m);
    const pages = await place.run(['up'], { env: { ...folder, CONSOLE_PORT: new URL(up.api).port } });
    expect(pages.code).to.equal(69);
    expect(pages.stderr)
      .to.match(/another program uses port \d+ .*set CONSOLE_PORT/)
      .and.not.to.match(/^ {4}at /m);
    const simulator = await place.run(['up'], {
      env: { ...folder, SIMULATOR_PORT: new URL(up.simulator).port },
    });
    expect(simulator.code).to.equal(69);
    expect(simulator.stderr)
      .to.match(/port \d+ is in use.*SIMULATOR_PORT/)
      .and.not.to.match(/^ {4}at /m);
  });

  it('names every wrong setting at once', async () => {
    const env = { API_PORT: 'eight', LOG_LEVEL: 'loud', STRIPE_SECRET_KEY: 'pk_test_1', API_PROT: '1' };
    const { code, stderr } = await place.run(['up'], { env });
    expect(code).to.equal(78);
    for (const name of ['API_PORT', 'LOG_LEVEL', 'STRIPE_SECRET_KEY', 'API_PROT'])
      expect(stderr).to.include(name);
    expect(stderr).not.to.include('pk_test_1');
  });

  it('says that a database does not answer', async () => {
    const env = {
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
      TWINBOX_DATA_DIR: `${place.folder}/third`,
    };
    const { code, stderr } = await place.run(['up'], { env });
    expect(code).to.equal(69);
    expect(stderr)
      .to.match(/database does not answer \(ECONNREFUSED\)/)
      .and.not.to.match(/^ {4}at /m);
  });

  it('finishes its running work at Ctrl-C, and ends within 10 s', async () => {
    const { id: fault } = await addFault({
      kind: 'latency',
      ms: 1_500,
      method: 'POST',
      path: '/v1/customers',
    });
    const { id } = await create('bo');
    await waitUntil(
      async () =>
        (await call<Fault[]>('GET', `${up.simulator}/_sim/faults`)).some(
          (f) => f.id === fault && f.hits === 1,
        ),
      { timeoutMs: 10_000, what: 'the call is under way' },
    );
    const before = performance.now();
    up.process.kill('SIGINT');
    expect(await up.exited).to.equal(0);
    expect(performance.now() - before).to.be.within(500, 10_000);
    expect(up.stderr()).to.include('Stopping');
    expect(await linked(id)).to.equal(true);
  });

  it('exits at once at a second Ctrl-C, and the next start continues the work', async () => {
    up = await place.up();
    expect(up.console, 'without CONSOLE_PORT').to.equal(`${up.api}/console`);
    await addFault({ kind: 'hang', method: 'POST', path: '/v1/customers' });
    const { id } = await create('cy');
    await call('GET', `${up.simulator}/_sim/held?wait_for=1`);
    up.process.kill('SIGINT');
    await waitUntil(() => up.stderr().includes('Stopping'), {
      timeoutMs: 5_000,
      what: 'it says that it stops',
    });
    // Two signals within a moment count as one press of the key, so the test sends again until the
    // second counts.
    const pressing = setInterval(() => up.process.kill('SIGINT'), 100);
    const before = performance.now();
    expect(await up.exited).to.equal(130);
    clearInterval(pressing);
    expect(performance.now() - before).to.be.below(2_000);

    up = await place.up({ CONSOLE_PAGES: 'off' });
    expect(up.console).to.equal(null);
    // Where the database is not embedded, the lease of the interrupted process has to expire first.
    await database.db.raw(
      `update external_mappings set lease_until = clock_timestamp() where lease_until is not null`,
    );
    await waitUntil(() => linked(id), { timeoutMs: 15_000, what: 'cy is linked' });
    up.process.kill('SIGTERM');
    expect(await up.exited).to.equal(0);
  });
});
