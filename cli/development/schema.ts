/** `npm run schema:dump`: writes db/schema.sql from the migrations, in a database made for it. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '../../db/server/connection.ts';
import { migrate } from '../../db/server/migrate.ts';
import { dumpSchema } from '../../db/server/schema-dump.ts';
import { startEmbeddedPostgres } from '../embedded/postgres.ts';
import { removeEmbeddedPostgres } from '../embedded/remove.ts';

const folder = await mkdtemp(join(tmpdir(), 'twinbox-test-schema-'));
// Others may enter the folder, so that PostgreSQL's own account can when root runs this.
await chmod(folder, 0o711);
const server = await startEmbeddedPostgres({
  dataDir: join(folder, 'postgres'),
  fsync: false,
  log: () => undefined,
});
try {
  const db = createDb({ url: server.url, poolSize: 2, applicationName: 'schema-dump' });
  try {
    await migrate(db);
    await writeFile(new URL('../../db/schema.sql', import.meta.url), await dumpSchema(db));
  } finally {
    await db.destroy();
  }
} finally {
  await server.stop();
  await removeEmbeddedPostgres(server.dataDir);
  await rm(folder, { recursive: true, force: true });
}
