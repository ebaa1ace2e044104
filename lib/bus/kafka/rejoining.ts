// A repair of kafkajs 2.2.4. A consumer that has to join its group again, and fails with an error that may pass (the
// broker is loading its groups, the connection breaks), goes on reading as if it had joined:
//   the group had forgotten it  it has no member id left, so it sends no heartbeat, and nothing ever tells it that it is
//                               in no group: it reads its former partitions, beside whoever has them now, and each of
//                               its commits is refused
//   only the assignment is lost  it sends heartbeats as a member, and reads its former partitions: the group counts its
//                               new ones as read, and no member reads them
// Both last until the group is next rebalanced, or the consumer is replaced. Here a consumer whose last attempt failed
// reads nothing: its next fetch fails as in a rebalance, so kafkajs attempts to join again, with its pauses and its
// limit.
import { createRequire } from 'node:module';

type ConsumerGroup = {
  joinAndSync(): Promise<void>;
  fetch(nodeId: string): Promise<unknown>;
};

type Errors = { createErrorFromCode(code: number): Error };

/** https://kafka.apache.org/protocol#protocol_error_codes */
const REBALANCE_IN_PROGRESS = 27;

let repaired = false;

export function repairRejoining(): void {
  if (repaired) return;
  repaired = true;
  const kafkajs = createRequire(import.meta.url);
  const { prototype } = kafkajs('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  const { createErrorFromCode } = kafkajs('kafkajs/src/protocol/error') as Errors;
  const { joinAndSync: join, fetch } = prototype;
  const outside = new WeakSet<ConsumerGroup>();

  prototype.joinAndSync = async function (this: ConsumerGroup) {
    try {
      await join.call(this);
    } catch (error) {
      outside.add(this);
      throw error;
    }
    outside.delete(this);
  };
  prototype.fetch = async function (this: ConsumerGroup, nodeId: string) {
    if (outside.has(this)) throw createErrorFromCode(REBALANCE_IN_PROGRESS);
    return await fetch.call(this, nodeId);
  };
}
