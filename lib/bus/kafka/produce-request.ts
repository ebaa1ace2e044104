// Writes a Produce request (https://kafka.apache.org/protocol#The_Messages_Produce, versions 3 to 7, which have
// one form) with record batches of format 2 (https://kafka.apache.org/documentation/#recordbatch): byte for byte
// what kafkajs 2.2.4 writes for the same records, for a twentieth of the work (docs/decisions/0097-our-own-produce-requests.md).

import { crc32c } from '@node-rs/crc32';
import type { Bytes } from './bytes.ts';

export type Rec = { key: string; value: string; headers: Readonly<Record<string, string>> };

export type RecordBatch = { topic: string; partition: number; records: readonly Rec[] };

export type ProduceRequest = {
  version: number;
  correlationId: number;
  clientId: string;
  /** How long the broker may wait for its replicas, in milliseconds. */
  timeoutMs: number;
  /** At most one for each partition. */
  batches: readonly RecordBatch[];
  /** The time of every record, in milliseconds since 1970. */
  now: number;
};

const PRODUCE = 0;
/** kafkajs knows no later one. Before version 3, a batch has another format: Kafka before 0.11. */
const VERSIONS = { first: 3, last: 7 };
const ALL_REPLICAS = -1;
const MAGIC = 2;
/** Offset and length, which the length of a batch does not count. */
const BEFORE_LENGTH = 12;

/** Returns the whole request, with its length before it. The bytes are valid until `bytes` is written again. */
export function writeProduceRequest(bytes: Bytes, request: ProduceRequest): Buffer {
  const { version, correlationId, clientId, timeoutMs, batches, now } = request;
  if (version < VERSIONS.first || version > VERSIONS.last)
    throw new Error(`a Produce request of version ${version} cannot be written: use Kafka 2.1 or newer`);
  bytes.clear();
  const length = bytes.skip32();
  bytes.int16(PRODUCE);
  bytes.int16(version);
  bytes.int32(correlationId);
  bytes.string(clientId);
  bytes.int16(NO_TRANSACTION);
  bytes.int16(ALL_REPLICAS);
  bytes.int32(timeoutMs);
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  bytes.int32(topics.size);
  for (const [topic, ofTopic] of topics) {
    bytes.string(topic);
    bytes.int32(ofTopic.length);
    for (const batch of ofTopic) writeBatch(bytes, batch, now);
  }
  bytes.put32(bytes.length() - 4, length);
  return bytes.slice(0, bytes.length());
}

const NO_TRANSACTION = -1;

function writeBatch(bytes: Bytes, { partition, records }: RecordBatch, now: number): void {
  bytes.int32(partition);
  const size = bytes.skip32();
  const start = bytes.length();
  bytes.int64(0); // The broker gives the offset.
  const length = bytes.skip32();
  bytes.int32(0); // The leader's epoch, which the broker sets.
  bytes.int8(MAGIC);
  const checksum = bytes.skip32();
  const checked = bytes.length();
  bytes.int16(0); // Neither compressed nor part of a transaction; the times are ours.
  bytes.int32(records.length - 1);
  bytes.int64(now);
  bytes.int64(now);
  bytes.int64(-1); // No idempotent producer: see producer.ts.
  bytes.int16(0);
  bytes.int32(0);
  bytes.int32(records.length);
  for (let index = 0; index < records.length; index += 1) writeRecord(bytes, index, records[index]);
  const end = bytes.length();
  bytes.put32(end - start, size);
  bytes.put32(end - start - BEFORE_LENGTH, length);
  bytes.put32(crc32c(bytes.slice(checked, end)), checksum);
}

function writeRecord(bytes: Bytes, index: number, record: Rec | undefined): void {
  if (record === undefined) return;
  const { key, value, headers } = record;
  bytes.measured(key.length + value.length + HEADERS_ABOUT, () => {
    bytes.int8(0); // Attributes: none are defined.
    bytes.varint(0); // All records of a batch have its time.
    bytes.varint(index);
    bytes.text(key);
    bytes.text(value);
    const names = Object.keys(headers);
    bytes.varint(names.length);
    for (const name of names) {
      bytes.text(name);
      bytes.text(headers[name] ?? '');
    }
  });
}

const HEADERS_ABOUT = 250;
