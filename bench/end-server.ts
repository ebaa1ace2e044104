import { removeEmbeddedPostgres } from '../cli/embedded/remove.ts';
import type { EmbeddedPostgres } from '../cli/embedded/postgres.ts';

/**
 * Stops a server and removes it with its data. Where root measures, programs and data are outside the folder that the
 * measurement made (cli/embedded/place.ts), and would stay when that folder goes: 250 MB each time.
 */
export async function endServer(server: EmbeddedPostgres): Promise<void> {
  await server.stop();
  await removeEmbeddedPostgres(server.dataDir);
}
