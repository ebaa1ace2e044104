// The members of a consumer group, as the broker has them.
import type { Admin } from 'kafkajs';
import { createClient } from '../../../lib/bus/kafka/client.ts';
import { createInnerCluster } from '../../../lib/bus/kafka/inner-cluster.ts';
import { withAdmin } from './chain.ts';
import { sharedBroker } from './shared-broker.ts';
import { quiet } from './test-broker.ts';

/** This request is not in kafkajs' public interface. */
type Leaving = { leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown> };

/** The broker forgets them, as after a session time of silence. */
export async function removeMembers(group: string): Promise<void> {
  const ids = await withAdmin(async (admin) =>
    (await describe(admin, group)).map(({ memberId }) => memberId),
  );
  const cluster = createInnerCluster(createClient({ brokers: [sharedBroker().bootstrap] }, quiet));
  await cluster.connect();
  try {
    const broker = cluster.brokerPool.seedBroker as unknown as Leaving;
    for (const memberId of ids) await broker.leaveGroup({ groupId: group, memberId });
  } finally {
    await cluster.disconnect();
  }
}

async function describe(admin: Admin, group: string) {
  const { groups } = await admin.describeGroups([group]);
  return groups[0]?.members ?? [];
}
