import { createRequire } from 'node:module';
import { expect } from 'chai';
import { repairRequestQueue } from '../../../../lib/bus/kafka/request-queue.ts';

type Request = { entry: object; expectResponse: boolean; sendRequest: () => void };
type Queue = {
  requestTimeoutIntervalId?: NodeJS.Timeout;
  scheduleRequestTimeoutCheck(): void;
  push(request: Request): void;
  fulfillRequest(answer: { correlationId: number; payload: null; size: number }): void;
  rejectAll(error: Error): void;
  destroy(): void;
};

const ignore = (): undefined => undefined;

function openQueue(requestTimeout: number): Queue {
  repairRequestQueue();
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
    options: object,
  ) => Queue;
  const logger = { debug: ignore, warn: ignore };
  const queue = new RequestQueue({
    ...{ requestTimeout, enforceRequestTimeout: true, clientId: 'test', broker: 'test', logger },
    ...{ maxInFlightRequests: null, instrumentationEmitter: null },
  });
  queue.scheduleRequestTimeoutCheck();
  return queue;
}

/** Settles as the request does. */
function push(queue: Queue, correlationId: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const entry = { correlationId, apiKey: 0, apiName: 'Produce', apiVersion: 7, resolve, reject };
    queue.push({ entry, expectResponse: true, sendRequest: ignore });
  });
}

const looks = (queue: Queue): boolean => queue.requestTimeoutIntervalId !== undefined;

describe('the request queue of kafkajs', () => {
  it('looks for late requests only while requests are open', async () => {
    const queue = openQueue(10_000);
    expect(looks(queue)).to.equal(false);
    const [first, second] = [push(queue, 1), push(queue, 2)];
    expect(looks(queue)).to.equal(true);
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
    expect(looks(queue)).to.equal(true);
    queue.fulfillRequest({ correlationId: 2, payload: null, size: 0 });
    expect(looks(queue)).to.equal(false);
    await Promise.all([first, second]);
  });

  it('gives up a request that takes too long, also one after a rest and one of a second connection', async () => {
    const queue = openQueue(5);
    for (const correlationId of [1, 2]) {
      const error = await push(queue, correlationId).catch((caught: unknown) => caught);
      expect(error).to.have.property('name', 'KafkaJSRequestTimeoutError');
      queue.scheduleRequestTimeoutCheck();
    }
    queue.destroy();
  });
});
