import { hostname } from 'node:os';
import { endLeasesOf, readLeaseOwners } from '../../db/lease-owners.ts';
import type { Db } from '../../db/server/connection.ts';
import { isAlive } from './processes.ts';

/**
 * Ends the leases of killed processes of this machine at once: those processes cannot use them any
 * more, and to wait for the end of the leases would only cost time.
 */
export async function endLeasesOfTheDead(db: Db): Promise<void> {
  const owners = await readLeaseOwners(db);
  await endLeasesOf(
    db,
    owners.filter((owner) => {
      const [host, pid] = owner.split(':');
      // An owner with our own process id is an earlier process that has ended, since ids are used
      // again, especially in containers.
      return host === hostname() && (Number(pid) === process.pid || !isAlive(Number(pid)));
    }),
  );
}
