// Sends record batches to the leaders of their partitions over the connections of kafkajs, with requests that
// produce-request.ts writes. kafkajs finds the leaders, logs in, keeps the connections, limits the time of a
// request and reads the answer.
//
// Guarantees: `send` settles only when every request of it has settled, so that no request of a failed call is
// open while the next call is made. Assumes: one call at a time; after a rejection the sender is closed.

import type { Kafka } from 'kafkajs';
import { createBytes, type Bytes } from './bytes.ts';
import {
  createInnerCluster,
  produceProtocol,
  sendBytes,
  type InnerCluster,
  type Produced,
} from './inner-cluster.ts';
import { withCorrelationId, writeProduceRequest, type RecordBatch } from './produce-request.ts';

export type Sender = {
  /**
   * The answers of the brokers, each with the offset of each batch's first record. Throws errors of kafkajs. Where
   * a request was prepared with these batches, it is sent as it is.
   */
  send(batches: readonly RecordBatch[], prepared?: Prepared | null): Promise<Produced[]>;
  /** Writes the requests with these batches, and sends none. May be called while requests are open. */
  prepare(batches: readonly RecordBatch[]): Prepared;
  /** Waits for requests that are open. */
  close(): Promise<void>;
};

type Head = { version: number; clientId: string };
type Written = Head & { batches: readonly RecordBatch[]; bytes: Bytes };

/** By the broker to which it goes. */
export type Prepared = ReadonlyMap<string, Written>;

/** A larger buffer, which a page of long values needs, is not kept. */
const KEPT_BYTES = 4_194_304;
/** While the broker has one request, the next one is written. */
const KEPT = 2;

/** `timeoutMs`: how long a broker may wait for its replicas. */
export async function openSender(kafka: Kafka, timeoutMs: number): Promise<Sender> {
  const cluster = createInnerCluster(kafka);
  await cluster.connect();
  // Each is written anew once its request is answered.
  const free: Bytes[] = [];
  /** What the last request to each broker began with. */
  const heads = new Map<string, Head>();

  function write(batches: readonly RecordBatch[], head: Head, correlationId: number): Written {
    const bytes = free.pop() ?? createBytes();
    writeProduceRequest(bytes, { ...head, correlationId, timeoutMs, batches, now: Date.now() });
    return { ...head, batches, bytes };
  }

  async function sendTo(
    nodeId: string,
    batches: readonly RecordBatch[],
    prepared?: Written,
  ): Promise<Produced> {
    const broker = await cluster.findBroker({ nodeId });
    const protocol = produceProtocol(broker);
    const { apiVersion: version } = protocol.request;
    let written: Written | undefined;
    const answer = await sendBytes(broker, protocol, ({ correlationId, clientId }) => {
      const head = { version, clientId };
      heads.set(nodeId, head);
      written = prepared && isFor(prepared, batches, head) ? prepared : write(batches, head, correlationId);
      return withCorrelationId(written.bytes, correlationId);
    });
    if (written && written.bytes.buffer.length <= KEPT_BYTES && free.length < KEPT) free.push(written.bytes);
    return answer;
  }

  return {
    async send(batches, prepared) {
      await cluster.addMultipleTargetTopics([...new Set(batches.map(({ topic }) => topic))]);
      await cluster.refreshMetadataIfNecessary();
      const requests = [...byLeader(cluster, batches)].map(([nodeId, some]) =>
        sendTo(nodeId, some, prepared?.get(nodeId)),
      );
      await Promise.allSettled(requests);
      return await Promise.all(requests);
    },
    prepare(batches) {
      const prepared = new Map<string, Written>();
      for (const [nodeId, some] of byLeader(cluster, batches)) {
        const head = heads.get(nodeId);
        if (head !== undefined) prepared.set(nodeId, write(some, head, 0));
      }
      return prepared;
    },
    close: () => cluster.disconnect(),
  };
}

/** Leaders may have moved since it was written, and a connection may be another one. */
function isFor(written: Written, batches: readonly RecordBatch[], { version, clientId }: Head): boolean {
  return (
    written.version === version &&
    written.clientId === clientId &&
    written.batches.length === batches.length &&
    written.batches.every((batch, at) => batch === batches[at])
  );
}

/** A batch whose partition is not known is in none of them: then no answer names it, and the caller sees that. */
function byLeader(cluster: InnerCluster, batches: readonly RecordBatch[]): Map<string, RecordBatch[]> {
  const found = new Map<string, RecordBatch[]>();
  for (const batch of batches) {
    const { topic, partition } = batch;
    for (const nodeId of Object.keys(cluster.findLeaderForPartitions(topic, [partition]))) {
      const some = found.get(nodeId);
      if (some) some.push(batch);
      else found.set(nodeId, [batch]);
    }
  }
  return found;
}
