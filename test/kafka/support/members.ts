// The members of a consumer group, as the broker has them.
import { createClient } from '../../../lib/bus/kafka/client.ts';
import { createInnerCluster } from '../../../lib/bus/kafka/inner-cluster.ts';
import { withAdmin } from './chain.ts';
import { sharedBroker } from './shared-broker.ts';
import { quiet } from './test-broker.ts';

/** This request is not in kafkajs' public interface. */
type Leaving = { leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown> };

/** The broker forgets them, as after a session time of silence. */
export async function removeMembers(group: string): Promise<void> {
  const { groups } = await withAdmin((admin) => admin.describeGroups([group]));
  const cluster = createInnerCluster(createClient({ brokers: [sharedBroker().bootstrap] }, quiet));
  await cluster.connect();
  try {
    const broker = cluster.brokerPool.seedBroker as unknown as Leaving;
    for (const { memberId } of groups.flatMap(({ members }) => members))
      await broker.leaveGroup({ groupId: group, memberId });
  } finally {
    await cluster.disconnect();
  }
}
