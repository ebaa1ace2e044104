import { createRequire } from 'node:module';
import { expect } from 'chai';
import { createClient } from '../../../../lib/bus/kafka/client.ts';

const kafkajs = createRequire(import.meta.url);
type Encoder = { buffer: Buffer };
type RecordFields = { offsetDelta: number; key: string; value: string; headers: Record<string, unknown> };
const encode = kafkajs('kafkajs/src/protocol/recordBatch/record/v0') as (fields: RecordFields) => Encoder;
const Decoder = kafkajs('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => { readVarInt(): number };
const decode = kafkajs('kafkajs/src/protocol/recordBatch/record/v0/decoder') as (
  decoder: object,
  context: object,
) => { key: Buffer; value: Buffer; headers: Record<string, string | string[]> };

function throughKafkajs(headers: Record<string, unknown>) {
  const { buffer } = encode({ offsetDelta: 3, key: 'k', value: 'v', headers });
  const decoder = new Decoder(buffer);
  decoder.readVarInt();
  return decode(decoder, { firstOffset: '10', firstTimestamp: '1' });
}

describe('the headers of a record of Kafka', () => {
  const quiet = () => undefined;
  before(() =>
    createClient({ brokers: ['127.0.0.1:1'] }, { debug: quiet, info: quiet, warn: quiet, error: quiet }),
  );

  it('are texts by their names, whatever those are', () => {
    const headers = { ce_id: 'one', 'ä €': 'ü 😀', constructor: 'c', empty: '' };
    const record = throughKafkajs(headers);
    expect({ ...record.headers }).to.deep.equal(headers);
    expect([record.key.toString(), record.value.toString()]).to.deep.equal(['k', 'v']);
  });

  it('that come several times are a list', () =>
    expect({ ...throughKafkajs({ twice: ['a', 'b'], thrice: ['c', 'd', 'e'] }).headers }).to.deep.equal({
      ...{ twice: ['a', 'b'], thrice: ['c', 'd', 'e'] },
    }));

  it('are none in a record without headers', () =>
    expect({ ...throughKafkajs({}).headers }).to.deep.equal({}));
});
