// Administrative requests to the cluster, on a separate connection that is opened when it is first
// needed and again after each failure.
import type { Admin, Kafka } from 'kafkajs';

export type ClusterAdmin = {
  /** Runs one request; the connection of a request that failed is not used again. */
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
      // Only closes the connection: the error that counts is the one that was thrown.
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
