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
import { writeProduceRequest, type RecordBatch } from './produce-request.ts';

export type Sender = {
  /** The answers of the brokers, each with the offset of each batch's first record. Throws errors of kafkajs. */
  send(batches: readonly RecordBatch[]): Promise<Produced[]>;
  /** Waits for requests that are open. */
  close(): Promise<void>;
};

/** A larger buffer, which a page of long values needs, is not kept. */
const KEPT_BYTES = 4_194_304;

/** `timeoutMs`: how long a broker may wait for its replicas. */
export async function openSender(kafka: Kafka, timeoutMs: number): Promise<Sender> {
  const cluster = createInnerCluster(kafka);
  await cluster.connect();
  // One for each broker, and written anew once its request is answered.
  const buffers = new Map<string, Bytes>();

  async function sendTo(nodeId: string, batches: readonly RecordBatch[]): Promise<Produced> {
    const broker = await cluster.findBroker({ nodeId });
    const protocol = produceProtocol(broker);
    const { apiVersion: version } = protocol.request;
    const bytes = buffers.get(nodeId) ?? createBytes();
    const answer = await sendBytes(broker, protocol, (head) =>
      writeProduceRequest(bytes, { ...head, version, timeoutMs, batches, now: Date.now() }),
    );
    if (bytes.buffer.length <= KEPT_BYTES) buffers.set(nodeId, bytes);
    else buffers.delete(nodeId);
    return answer;
  }

  return {
    async send(batches) {
      await cluster.addMultipleTargetTopics([...new Set(batches.map(({ topic }) => topic))]);
      await cluster.refreshMetadataIfNecessary();
      const requests = [...byLeader(cluster, batches)].map(([nodeId, some]) => sendTo(nodeId, some));
      await Promise.allSettled(requests);
      return await Promise.all(requests);
    },
    close: () => cluster.disconnect(),
  };
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
