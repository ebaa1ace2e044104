import kafkajs, { type Producer } from 'kafkajs';

/** kafkajs with what makes it fast: the partition is given with each message, so it does not hash keys with BigInt. */
export async function openProducer(bootstrap: string): Promise<Producer> {
  const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.ERROR });
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  return producer;
}
