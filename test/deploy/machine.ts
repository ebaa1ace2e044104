// What containers find around them: the image, a database with a user of its own, a broker. For one
// test file.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError } from '../../lib/errors.ts';
import { startTestBroker } from '../kafka/support/test-broker.ts';
import { createTestDatabase } from '../support/database.ts';
import type { Service } from './compose.ts';
import type { Machine } from './containers.ts';
import { environmentOf, readStages } from './dockerfile.ts';
import { buildImageFolder, NoRegistry } from './image.ts';

export type PreparedMachine = Machine & { remove(): Promise<void> };

/** For these services; `password`: of the database's user. Throws `NoRegistry`, or `kafka_unavailable` where there is no Java. */
export async function prepareMachine(
  { kafka }: Record<string, Service>,
  password: string,
): Promise<PreparedMachine> {
  const root = await mkdtemp(join(tmpdir(), 'twinbox-deploy-'));
  const [folder, dataDir] = [join(root, 'app'), join(root, 'data')];
  await Promise.all([mkdir(folder), mkdir(dataDir)]);
  const [built, broker, database] = await Promise.allSettled([
    buildImageFolder(folder),
    startTestBroker(brokerOptions(kafka)),
    createOwnedDatabase(password),
  ]);
  async function remove(): Promise<void> {
    if (broker.status === 'fulfilled') await broker.value.remove();
    if (database.status === 'fulfilled') await database.value.drop();
    await rm(root, { recursive: true, force: true });
  }
  if (built.status === 'rejected' || broker.status === 'rejected' || database.status === 'rejected') {
    await remove();
    throw [built, broker, database].find((one) => one.status === 'rejected')?.reason;
  }
  return {
    folder,
    dataDir,
    imageEnvironment: environmentOf(readStages().at(-1)),
    databaseUrl: database.value.url,
    kafkaPort: Number(broker.value.bootstrap.split(':')[1]),
    remove,
  };
}

/** Why the machine cannot be prepared here, if the cause is outside of this project. */
export function whyNotHere(error: unknown): string | null {
  if (error instanceof NoRegistry) return `npm finds no registry (${error.message})`;
  if (isAppError(error, 'kafka_unavailable') && !error.retryable) return error.message;
  return null;
}

/**
 * The settings of the broker from the compose file, except its address: KAFKA_A_B is its property
 * a.b.
 */
function brokerOptions(kafka: Service | undefined) {
  const { CLUSTER_ID, ...rest } = kafka?.environment ?? {};
  const places = /_(LISTENERS|VOTERS|DIRS|ID)$/;
  const properties = Object.entries(rest)
    .filter(([name]) => !places.test(name))
    .map(([name, value]) => [
      name
        .replace(/^KAFKA_/, '')
        .replaceAll('_', '.')
        .toLowerCase(),
      String(value),
    ]);
  return {
    clusterId: String(CLUSTER_ID),
    properties: Object.fromEntries(properties) as Record<string, string>,
  };
}

/** An empty database whose owner is an ordinary user. */
async function createOwnedDatabase(password: string): Promise<{ url: string; drop(): Promise<void> }> {
  const { url, name, db, drop } = await createTestDatabase({ poolSize: 1, migrated: false });
  const user = `deploy_${randomBytes(4).toString('hex')}`;
  // A role's password can be no parameter of a statement.
  await db.raw(`select set_config('deploy.password', ?, false)`, [password]);
  const quoted = `format('create role ${user} login password %L', current_setting('deploy.password'))`;
  await db.raw(`do $$ begin execute ${quoted}; end $$`);
  await db.raw('alter database ?? owner to ??', [name, user]);
  const { host } = new URL(url);
  return {
    url: `postgresql://${user}@${host}/${name}`,
    async drop() {
      await db.raw('reassign owned by ?? to current_user', [user]);
      await db.raw('drop owned by ??', [user]);
      await db.raw('drop role ??', [user]);
      await db.destroy();
      await drop();
    },
  };
}
