// Writes a Produce request (https://kafka.apache.org/protocol#The_Messages_Produce, versions 3 to 7, which have
// one form) with record batches of format 2 (https://kafka.apache.org/documentation/#recordbatch): byte for byte
// what kafkajs 2.2.4 writes for the same records, for a twentieth of the work (docs/decisions/0097-our-own-produce-requests.md).

import type { Value } from '../bus.ts';
import { partsOf } from '../value.ts';
import {
  int16,
  int32,
  int64,
  int8,
  put32,
  putLength,
  skip32,
  skipLength,
  string,
  text,
  varint,
  type Bytes,
} from './bytes.ts';
import { crc32c } from './crc32c.ts';

export type BatchRecord = { key: string; value: Value; headers: Readonly<Record<string, string>> };

export type RecordBatch = { topic: string; partition: number; records: readonly BatchRecord[] };

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
const NO_TRANSACTION = -1;
const MAGIC = 2;
/** Offset and length, which the length of a batch does not count. */
const BEFORE_LENGTH = 12;
const HEADERS_ABOUT = 250;

/** Returns the whole request, with its length before it. The bytes are valid until `bytes` is written again. */
export function writeProduceRequest(bytes: Bytes, request: ProduceRequest): Buffer {
  const { version, correlationId, clientId, timeoutMs, batches, now } = request;
  if (version < VERSIONS.first || version > VERSIONS.last)
    throw new Error(`a Produce request of version ${version} cannot be written: use Kafka 2.1 or newer`);
  bytes.at = 0;
  const length = skip32(bytes);
  int16(bytes, PRODUCE);
  int16(bytes, version);
  int32(bytes, correlationId);
  string(bytes, clientId);
  int16(bytes, NO_TRANSACTION);
  int16(bytes, ALL_REPLICAS);
  int32(bytes, timeoutMs);
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  int32(bytes, topics.size);
  for (const [topic, ofTopic] of topics) {
    string(bytes, topic);
    int32(bytes, ofTopic.length);
    for (const batch of ofTopic) writeBatch(bytes, batch, now);
  }
  put32(bytes, bytes.at - 4, length);
  return bytes.buffer.subarray(0, bytes.at);
}

/** Length, kind and version stand before it. */
const CORRELATION_AT = 8;

/** The written request under another number. */
export function withCorrelationId(bytes: Bytes, correlationId: number): Buffer {
  put32(bytes, correlationId, CORRELATION_AT);
  return bytes.buffer.subarray(0, bytes.at);
}

function writeBatch(bytes: Bytes, { partition, records }: RecordBatch, now: number): void {
  int32(bytes, partition);
  const size = skip32(bytes);
  const start = bytes.at;
  int64(bytes, 0); // The broker gives the offset.
  const length = skip32(bytes);
  int32(bytes, 0); // The leader's epoch, which the broker sets.
  int8(bytes, MAGIC);
  const checksum = skip32(bytes);
  const checked = bytes.at;
  int16(bytes, 0); // Neither compressed nor part of a transaction; the times are ours.
  int32(bytes, records.length - 1);
  int64(bytes, now);
  int64(bytes, now);
  int64(bytes, -1); // No idempotent producer: see producer.ts.
  int16(bytes, 0);
  int32(bytes, 0);
  int32(bytes, records.length);
  for (let index = 0; index < records.length; index += 1) writeRecord(bytes, index, records[index]);
  const end = bytes.at;
  put32(bytes, end - start, size);
  put32(bytes, end - start - BEFORE_LENGTH, length);
  put32(bytes, crc32c(bytes.buffer.subarray(checked, end)), checksum);
}

function writeRecord(bytes: Bytes, index: number, record: BatchRecord | undefined): void {
  if (record === undefined) return;
  const { key, headers } = record;
  const value = partsOf(record.value);
  const start = bytes.at;
  const free = skipLength(bytes, key.length + value.text.length + value.bytes.length + HEADERS_ABOUT);
  int8(bytes, 0); // Attributes: none are defined.
  varint(bytes, 0); // All records of a batch have its time.
  varint(bytes, index);
  text(bytes, key);
  text(bytes, value.text, value.bytes);
  const names = Object.keys(headers);
  varint(bytes, names.length);
  for (const name of names) {
    text(bytes, name);
    text(bytes, headers[name] ?? '');
  }
  putLength(bytes, start, free);
}
