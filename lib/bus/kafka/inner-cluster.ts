// Functions of kafkajs 2.2.4 that its public interface does not offer: which broker answered first
// and where it sends clients, and a read of single records without a consumer group, which would
// need the group's rights and a rebalance.
import type { Kafka, KafkaMessage } from 'kafkajs';

export type InnerBroker = {
  connectionPool: { host: string; port: number };
  metadata(topics: readonly string[]): Promise<{ brokers: { nodeId: number; host: string; port: number }[] }>;
  fetch(request: {
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: {
      topic: string;
      partitions: { partition: number; fetchOffset: string; maxBytes: number }[];
    }[];
  }): Promise<{
    responses: {
      topicName: string;
      partitions: { partition: number; errorCode: number; messages: KafkaMessage[] }[];
    }[];
  }>;
};

export type InnerCluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  brokerPool: { seedBroker: InnerBroker };
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
  findBroker(which: { nodeId: string }): Promise<InnerBroker>;
};

type Create = (options: { metadataMaxAge: number; allowAutoTopicCreation: boolean }) => InnerCluster;

const CREATE = 'private:Kafka:createCluster';

/** Opens no connection yet. The caller that connects it also disconnects it. */
export function createInnerCluster(kafka: Kafka): InnerCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE);
  const create: unknown = symbol && Reflect.get(kafka, symbol);
  if (typeof create !== 'function') throw new Error(`kafkajs has no ${CREATE}: is it another version?`);
  return (create as Create)({ metadataMaxAge: 30_000, allowAutoTopicCreation: false });
}
