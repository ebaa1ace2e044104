// Questions to the cluster, on a connection of their own that is opened when it is first needed and
// after each failure.
import type { Admin, Kafka } from 'kafkajs';

export type ClusterAdmin = {
  /** Runs a question; the connection of one that failed is not used again. */
  ask<T>(question: (admin: Admin) => Promise<T>): Promise<T>;
  clusterId(): Promise<string>;
  close(): Promise<void>;
};

export function createClusterAdmin(kafka: Kafka): ClusterAdmin {
  let open: Promise<Admin> | null = null;

  async function connect(): Promise<Admin> {
    const admin = kafka.admin();
    await admin.connect();
    return admin;
  }

  async function ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const mine = (open ??= connect());
    try {
      return await question(await mine);
    } catch (error) {
      if (open === mine) open = null;
      // Only to close it: the error that matters is the one in hand.
      void mine.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  return {
    ask,
    clusterId: async () => (await ask((admin) => admin.describeCluster())).clusterId,
    async close() {
      const mine = open;
      open = null;
      await mine?.then((admin) => admin.disconnect()).catch(() => undefined);
    },
  };
}
