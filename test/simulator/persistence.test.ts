import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSimulator } from '../../simulator/simulator.ts';
import type { EffectsReport } from '../../simulator/control/ledger.ts';
import { listening, startChild } from './child.ts';
import { clientsFor, closeSimulators, refusalOf, startReceiver, startSimulator } from './start-simulator.ts';

describe('the simulator’s state', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'simulator-'))));
  afterEach(async () => {
    await closeSimulators();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const journal = () => join(dataDir, 'journal.jsonl');

  it('survives a restart completely: customers, tombstones, keys, events, endpoints, ledger, accounts and clock', async () => {
    const one = await startSimulator({ dataDir });
    const kept = await one.stripe.customers.create(
      { name: 'Kept', metadata: { a: '1' } },
      { idempotencyKey: 'kept' },
    );
    const gone = await one.stripe.customers.create({ name: 'Gone' });
    await one.stripe.customers.update(kept.id, { email: 'kept@example.com' });
    await one.stripe.customers.del(gone.id);
    const subscription = await one.stripe.subscriptions.create({
      customer: kept.id,
      items: [{ price: 'price_1' }],
    });
    const endpoint = await one.stripe.webhookEndpoints.create({
      url: 'http://127.0.0.1:1/',
      enabled_events: ['invoice.paid'],
    });
    one.simulator.keys.mapKey('sk_test_other', 'acct_other');
    one.simulator.dashboard.createCustomer({ name: 'Other' }, 'acct_other');
    one.simulator.clock.advance(3_600_000);
    const before = {
      customers: one.simulator.customers(),
      events: one.simulator.events(),
      endpoints: one.simulator.endpoints(),
      ledger: one.simulator.ledger.entries(),
      list: (await one.stripe.events.list()).data,
    };
    await one.simulator.close();

    // Twice, because the second start reads the file that the first one has rewritten.
    for (const start of ['first', 'second']) {
      const two = await startSimulator({ dataDir });
      expect(two.simulator.customers(), start).to.deep.equal(before.customers);
      expect(two.simulator.events()).to.deep.equal(before.events);
      expect(two.simulator.endpoints()).to.deep.equal(before.endpoints);
      expect(two.simulator.ledger.entries().slice(0, before.ledger.length)).to.deep.equal(before.ledger);
      expect(two.simulator.clock.now()).to.be.closeTo(Date.now() + 3_600_000, 1000);
      expect((await two.stripe.events.list()).data).to.deep.equal(before.list);
      const again = await two.plain.customers.create(
        { name: 'Kept', metadata: { a: '1' } },
        { idempotencyKey: 'kept' },
      );
      expect(again).to.deep.equal(kept);
      expect(again.lastResponse.headers['original-request']).to.equal(kept.lastResponse.requestId);
      expect(await two.stripe.customers.retrieve(gone.id)).to.include({ deleted: true });
      expect((await two.stripe.subscriptions.retrieve(subscription.id)).status).to.equal('active');
      expect((await two.stripe.webhookEndpoints.retrieve(endpoint.id)).url).to.equal(endpoint.url);
      expect(two.simulator.customers('acct_other').map(({ name }) => name)).to.deep.equal(['Other']);
      await two.simulator.close();
    }
  });

  it('survives a kill -9 in the middle of writing: what was answered is there once, and every key replays', async () => {
    const first = listening(await startChild({ SIMULATOR_DATA_DIR: dataDir }));
    const answered = new Map<string, string>();
    const agent = new http.Agent({ keepAlive: true });
    const writers = Array.from({ length: 8 }, (_, writer) =>
      createUntilCut(first.port, writer, agent, answered, () => {
        if (answered.size === 150) void first.kill('SIGKILL');
      }),
    );
    const sent = (await Promise.all(writers)).flat();
    await first.kill('SIGKILL');
    agent.destroy();
    expect(answered.size).to.be.at.least(150);

    const second = listening(await startChild({ SIMULATOR_DATA_DIR: dataDir }));
    const { plain, call } = clientsFor(second.port);
    const ids = new Map<string, string>();
    for (const key of sent)
      ids.set(key, (await plain.customers.create({ name: key }, { idempotencyKey: key })).id);
    for (const [key, id] of answered) expect(ids.get(key), key).to.equal(id);
    const report = (await call('GET', '/_sim/ledger/effects')).body as EffectsReport; // as the documentation of the route says
    expect(report).to.include({ created: sent.length, living: sent.length, deleted: 0 });
    expect(report.repeated).to.deep.equal([]);
    expect(await second.kill('SIGTERM')).to.equal(0);
  });

  it('ignores an unfinished last line, and no other', async () => {
    const one = await startSimulator({ dataDir });
    await one.plain.customers.create({ name: 'Whole' });
    await one.plain.customers.create({ name: 'Torn' });
    await one.simulator.close();
    truncateSync(journal(), readFileSync(journal()).length - 20);
    const two = createSimulator({ dataDir });
    expect(two.hadTornLine).to.equal(true);
    expect(two.customers().map(({ name }) => name)).to.deep.equal(['Whole']);
    await two.close();

    appendFileSync(journal(), 'no json\n');
    appendFileSync(journal(), '[]\n');
    expect(() => createSimulator({ dataDir })).to.throw(/Line \d+ of the simulator's journal is damaged/);
    // The refusal releases the folder.
    writeFileSync(journal(), '');
    await createSimulator({ dataDir }).close();
  });

  it('is refused at once where nothing can be stored, with the reason and the setting', async () => {
    writeFileSync(journal(), '');
    const wrong = [
      journal(),
      join(journal(), 'x'),
      join(dataDir, 'x'.repeat(300)),
      '/proc/twinbox/simulator',
    ];
    for (const folder of wrong) {
      const refused = await startChild({ SIMULATOR_DATA_DIR: folder });
      expect(refused, folder).to.include({ code: 69 });
      expect('stderr' in refused && refused.stderr).to.match(
        /^Data cannot be kept in the simulator's data folder .* \(E\w+: .*\)\. Set SIMULATOR_DATA_DIR .*\n$/,
      );
    }
    const deep = join(dataDir, 'a', 'b');
    await createSimulator({ dataDir: deep }).close();
    expect(statSync(deep).mode & 0o777).to.equal(0o700);
  });

  it('belongs to one simulator at a time, in this process or another, and to none after a kill -9', async () => {
    const one = createSimulator({ dataDir });
    expect(() => createSimulator({ dataDir })).to.throw(/is in use by process \d+/);
    const refused = await startChild({ SIMULATOR_DATA_DIR: dataDir });
    expect(refused).to.include({ code: 69 });
    expect('stderr' in refused && refused.stderr).to.match(
      /is in use by process \d+.*Stop that process first/s,
    );
    await one.close();

    const child = listening(await startChild({ SIMULATOR_DATA_DIR: dataDir }));
    expect(() => createSimulator({ dataDir })).to.throw(new RegExp(`is in use by process ${child.pid}`));
    await child.kill('SIGKILL');
    await createSimulator({ dataDir }).close();
  });

  it('includes webhooks that were not delivered, which are due at once after a start', async () => {
    const receiver = await startReceiver();
    receiver.answerWith(500);
    const one = await startSimulator({ dataDir, webhooks: { retryBaseMs: 60_000 } });
    await one.stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: ['*'] });
    await one.plain.customers.create({ name: 'A' });
    await receiver.waitFor(1);
    await one.simulator.close();
    receiver.answerWith(200);
    const two = await startSimulator({ dataDir });
    await two.simulator.webhooks.idle();
    expect(receiver.received).to.have.length(2);
    await two.simulator.close();
    const three = await startSimulator({ dataDir });
    await three.simulator.webhooks.idle();
    expect(receiver.received).to.have.length(2);
    await three.simulator.close();
    await receiver.close();
  });

  it('is gone after a reset, also over a restart', async () => {
    const one = await startSimulator({ dataDir });
    await one.plain.customers.create({ name: 'A' }, { idempotencyKey: 'k' });
    one.simulator.reset();
    await one.plain.customers.create({ name: 'B' }, { idempotencyKey: 'k' });
    await one.simulator.close();
    const two = createSimulator({ dataDir });
    expect(two.customers().map(({ name }) => name)).to.deep.equal(['B']);
    expect(two.ledger.effects()).to.include({ created: 1 });
    await two.close();
  });

  it('does not keep replaced values in its file', async () => {
    const one = await startSimulator({ dataDir });
    const { id } = one.simulator.dashboard.createCustomer({ name: 'A' });
    for (let at = 0; at < 200; at += 1) one.simulator.clock.advance(1000);
    await one.simulator.close();
    const before = readFileSync(journal()).length;
    const two = createSimulator({ dataDir });
    expect(two.customers()[0]?.id).to.equal(id);
    await two.close();
    expect(readFileSync(journal()).length).to.be.below(before / 2);
  });

  it('is lost at the end of a simulator without a folder', async () => {
    const { simulator, plain } = await startSimulator();
    await plain.customers.create({ name: 'A' });
    await simulator.close();
    expect(createSimulator().customers()).to.deep.equal([]);
    expect((await refusalOf(plain.customers.list())).type).to.equal('StripeConnectionError');
  });
});

/**
 * Creates customers one after the other until the connection breaks; returns all keys sent, with
 * the ids of the answered ones.
 */
async function createUntilCut(
  port: number,
  writer: number,
  agent: http.Agent,
  answered: Map<string, string>,
  onAnswer: () => void,
): Promise<string[]> {
  const sent: string[] = [];
  for (let at = 0; ; at += 1) {
    const key = `key-${writer}-${at}`;
    sent.push(key);
    const id = await createOnce(port, key, agent);
    if (id === null) return sent;
    answered.set(key, id);
    onAnswer();
  }
}

function createOnce(port: number, key: string, agent: http.Agent): Promise<string | null> {
  return new Promise((resolve) => {
    const headers = {
      authorization: 'Bearer sk_test_twinbox_fake',
      'content-type': 'application/x-www-form-urlencoded',
      'idempotency-key': key,
    };
    const request = http.request({
      host: '127.0.0.1',
      port,
      agent,
      method: 'POST',
      path: '/v1/customers',
      headers,
    });
    request.on('error', () => resolve(null));
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', () => resolve(null));
      response.on('close', () => resolve(response.complete ? (JSON.parse(text) as { id: string }).id : null));
    });
    request.end(`name=${key}`);
  });
}
