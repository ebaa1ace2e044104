// Functions of kafkajs 2.2.4 that its public interface does not offer: which broker answered first
// and where it sends clients, a read of single records without a consumer group, which would
// need the group's rights and a rebalance, and a request whose bytes are ours.
import { createRequire } from 'node:module';
import type { Kafka, KafkaMessage } from 'kafkajs';

/** What a broker answers to a Produce request. */
export type Produced = {
  topics: { topicName: string; partitions: { partition: number; errorCode: number; baseOffset: string }[] }[];
  clientSideThrottleTime?: number;
};

type Protocol = {
  request: { apiKey: number; apiName: string; apiVersion: number };
  response: { decode(payload: Buffer): Promise<Produced>; parse(answer: Produced): Promise<Produced> };
};

export type InnerConnection = {
  clientId: string;
  socket: { write(bytes: Buffer): boolean };
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  failIfNotConnected(): void;
  nextCorrelationId(): number;
  requestQueue: {
    maybeThrottle(ms: number): void;
    push(request: {
      entry: Protocol['request'] & {
        correlationId: number;
        resolve: (answer: { payload: Buffer }) => void;
        reject: (error: unknown) => void;
      };
      expectResponse: boolean;
      requestTimeout: null;
      sendRequest: () => void;
    }): void;
  };
};

export type InnerBroker = {
  connectionPool: { host: string; port: number; getConnection(): Promise<InnerConnection> };
  lookupRequest(apiKey: number, definition: unknown): (request: object) => Protocol;
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
  refreshMetadataIfNecessary(): Promise<void>;
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

const PRODUCE = 0;

/** The newest Produce request that this broker and kafkajs both know, and how its answer is read. */
export function produceProtocol(broker: InnerBroker): Protocol {
  const definition: unknown = createRequire(import.meta.url)('kafkajs/src/protocol/requests/produce');
  return broker.lookupRequest(PRODUCE, definition)({ acks: -1, topicData: [] });
}

/**
 * Sends the bytes that `write` makes, and returns the answer. As `send` of kafkajs' connection does it, which
 * would copy the bytes three times.
 */
export async function sendBytes(
  broker: InnerBroker,
  { request, response }: Protocol,
  write: (head: { correlationId: number; clientId: string }) => Buffer,
): Promise<Produced> {
  const connection = await broker.connectionPool.getConnection();
  if (!connection.isAuthenticated()) await connection.authenticate();
  const correlationId = connection.nextCorrelationId();
  const bytes = write({ correlationId, clientId: connection.clientId });
  const { payload } = await new Promise<{ payload: Buffer }>((resolve, reject) => {
    connection.failIfNotConnected();
    connection.requestQueue.push({
      entry: { ...request, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => void connection.socket.write(bytes),
    });
  });
  const answer = await response.decode(payload);
  connection.requestQueue.maybeThrottle(answer.clientSideThrottleTime ?? 0);
  return await response.parse(answer);
}
