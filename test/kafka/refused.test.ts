import { expect } from 'chai';
import type { Admin } from 'kafkajs';
import { createClient } from '../../lib/bus/kafka/client.ts';
import { parseEnvelope } from '../../lib/events/parse.ts';
import { NOTICES_PER_MINUTE } from '../../workers/refused-records.ts';
import { waitUntil } from '../support/signal.ts';
import { useSync } from '../support/sync.ts';
import { useChain, WAIT } from './support/chain.ts';
import { readTopic, sharedBroker } from './support/shared-broker.ts';
import { quiet } from './support/test-broker.ts';

const forget = (admin: Admin, group: string) => admin.deleteGroups([group]);

describe('records on our topics that are no envelope', function () {
  this.timeout(60_000);

  const world = useSync();
  const chain = useChain(world);

  const produce = async (
    messages: { value: string | null; partition: number; headers?: Record<string, string> }[],
  ) => {
    const producer = createClient({ brokers: [sharedBroker().bootstrap] }, quiet).producer();
    await producer.connect();
    await producer.send({ topic: chain.topic, messages });
    await producer.disconnect();
  };
  type Notice = { event_id: string; target: string; reason: string; detail: Record<string, unknown> };
  const notices = async (): Promise<Notice[]> => {
    const { rows } = await world.db.raw<{ rows: { parked: Notice }[] }>(
      "select payload -> 'parked' as parked from sync_events where event_type = 'delivery.parked' order by id",
    );
    return rows.map(({ parked }) => parked);
  };
  const noticed = (n: number) =>
    waitUntil(async () => (await notices()).length >= n, { ...WAIT, what: `${n} notices` });
  const foreign = [
    'not json: Ada Lovelace',
    '[]',
    '{"schema_version":2}',
    '{"schema_version":1,"event_type":"customer.created","name":"Ada Lovelace"}',
    null,
  ];

  it('are skipped with a notice each, and the records after them are received', async () => {
    for (const partition of [0, 1, 2])
      await produce(foreign.map((value) => ({ value, partition, headers: { ce_id: 'Ada' } })));
    await world.create();
    await world.create();
    await chain.relayAll();
    await chain.received(2);
    await noticed(15);
    const found = await notices();
    expect(found).to.have.length(15);
    const first = found.filter(({ detail }) => detail['partition'] === 0);
    expect(
      first.map(({ reason, detail }) => [reason, detail['offset'], detail['value_bytes']]),
    ).to.deep.equal([
      ['not_json', 0, 22],
      ['not_an_object', 1, 2],
      ['unknown_schema_version', 2, 20],
      ['invalid_envelope', 3, 74],
      ['not_json', 4, null],
    ]);
    expect(first[0]?.detail).to.include({ bus: await chain.kafka.identity(), topic: chain.topic });
    expect(JSON.stringify([found, world.log])).not.to.include('Ada');
  });

  it('are reported once, however often they are read, and by however many groups', async () => {
    await produce(foreign.map((value) => ({ value, partition: 1 })));
    await noticed(5);
    const before = await notices();
    await chain.reread(forget);
    await chain.subscribe(`${chain.groupId}.other`);
    await chain.reread(forget, `${chain.groupId}.other`);
    expect(await notices()).to.deep.equal(before);
  });

  it('are reported in a bounded number of notices when many come, the last with a count', async () => {
    for (let part = 0; part < 4; part += 1)
      await produce(Array.from({ length: 500 }, (_, n) => ({ value: `${part}.${n}?`, partition: 2 })));
    await world.create();
    await chain.relayAll();
    await chain.received(1);
    await noticed(NOTICES_PER_MINUTE + 1);
    await chain.reread(forget);
    const found = await notices();
    expect(found).to.have.length(NOTICES_PER_MINUTE + 1);
    const flood = found.at(-1);
    expect(flood).to.include({ reason: 'flood', target: chain.topic });
    expect(flood?.detail).to.include({ partition: 2, first_offset: NOTICES_PER_MINUTE });
    expect(flood?.detail['records']).to.be.above(0);
    world.advance(60_000);
    await produce([{ value: 'a minute later', partition: 2 }]);
    await noticed(NOTICES_PER_MINUTE + 2);
    expect((await notices()).at(-1)).to.include({ reason: 'not_json' });
  });

  it('lead to notices that the relay publishes on sync.dlq as valid envelopes', async () => {
    await produce([{ value: 'not json', partition: 0 }]);
    await noticed(1);
    await chain.relayAll();
    const [lying] = await readTopic(chain.dlq);
    const parsed = parseEnvelope(lying?.value ?? null);
    expect(parsed.kind).to.equal('parked');
    expect(lying?.key).to.equal(`record:${chain.topic}/0`);
  });
});
