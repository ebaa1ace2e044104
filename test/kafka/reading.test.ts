import { expect } from 'chai';
import { createRouting, topics } from '../../lib/events/routing.ts';
import { parseEnvelope } from '../../lib/events/parse.ts';
import { createRelay } from '../../relay/relay.ts';
import { useSync } from '../support/sync.ts';
import { runKafkaTool } from './support/kafka-tools.ts';
import { openTestBus, sharedBroker } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

type Read = { headers: Record<string, string>; key: string; value: string };

/** The values of docs/kafka.md. */
async function readByConsole(topic: string, count: number): Promise<Read[]> {
  const output = await runKafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', sharedBroker().bootstrap, '--topic', topic, '--from-beginning'],
    ...['--max-messages', String(count), '--timeout-ms', '20000'],
    ...['--formatter-property', 'print.key=true', '--formatter-property', 'print.headers=true'],
  ]);
  const lines = output.split('\n').filter((line) => line.includes('\t'));
  return lines.map((line) => {
    const [headers = '', key = '', value = ''] = line.split('\t');
    return { headers: Object.fromEntries(headers.split(',').map(splitHeader)), key, value };
  });
}

function splitHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

describe('what a client that is not ours reads', function () {
  this.timeout(90_000);

  const world = useSync();

  it('is each change with its key, its headers and a valid envelope', async () => {
    const bus = openTestBus();
    const names = Object.values(topics);
    await bus.ensureTopics(names, { partitions: 3, replication: null, retentionHours: 1, create: true });
    const relay = createRelay({
      ...{ db: world.db, bus, clock: world.clock, log: quiet, address: 'here' },
      routing: createRouting({ customerEvents: true, systems: ['stripe'] }),
      headers: 'full',
    });
    const { id } = await world.create({ name: 'Zoë', email: 'zoe@example.com' });
    await world.run();
    await world.bringTheirs();
    while ((await relay.runOnce()) > 0);
    await relay.stop();
    await bus.close();

    // Created by us, sent to Stripe and linked, and its event received from Stripe.
    const outbound = await readByConsole(topics.outbound, 1);
    const published = await readByConsole(topics.customerEvents, 2);
    const inbound = await readByConsole(topics.inbound, 1);

    expect(outbound.map(({ key }) => key)).to.deep.equal([`customer:${id}`]);
    expect(published.map(({ key }) => key)).to.deep.equal([`customer:${id}`, `customer:${id}`]);
    expect(inbound[0]?.key).to.match(/^stripe:acct_\w+:cus_\w+$/);
    const types = [...outbound, ...published, ...inbound].map(({ headers }) => headers['ce_type']);
    expect(types).to.deep.equal([
      'customer.created',
      'customer.created',
      'customer.linked',
      'stripe.customer.created',
    ]);
    for (const { headers, value } of [...outbound, ...published, ...inbound]) {
      const parsed = parseEnvelope(value);
      if (parsed.kind === 'invalid') throw new Error(parsed.problems.join());
      const { event_id, event_type, source, timestamp } = parsed.envelope;
      expect(headers).to.include({
        ...{ ce_specversion: '1.0', ce_id: event_id, ce_type: event_type },
        ...{ ce_source: source, ce_time: timestamp },
      });
      expect(headers['ce_sequence']).to.match(/^\d+$/);
    }
    expect(JSON.parse(outbound[0]?.value ?? '')).to.deep.include({
      version: 1,
      customer_data: { id, name: 'Zoë', email: 'zoe@example.com' },
    });
  });
});
