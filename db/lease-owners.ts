// Leases by their holder: the leases of a process that is known to be dead can be ended at once.
import type { Db, Tx } from './server/connection.ts';

/** The holders of all current leases, on a mapping or on a role. */
export async function readLeaseOwners(db: Db): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { owner: string }[] }>(
    `select lease_owner as owner from external_mappings where lease_until > clock_timestamp()
     union select owner from leases where until > clock_timestamp()`,
  );
  return rows.map(({ owner }) => owner);
}

/**
 * Ends the leases of these holders. The fence stays and rises with the next claim, so a holder that
 * is alive after all does no harm.
 */
export async function endLeasesOf(db: Db, owners: string[]): Promise<void> {
  if (owners.length === 0) return;
  await db.raw(
    `update external_mappings m set lease_owner = null, lease_until = null
     from (select id from external_mappings where lease_owner = any(:owners) order by id for update) locked
     where m.id = locked.id`,
    { owners },
  );
  await db.raw(`update leases set until = clock_timestamp() where owner = any(:owners)`, { owners });
}

/** Ends every lease on a role, whoever has it. As above, a holder that is alive after all does no harm. */
export async function endRoles(tx: Tx): Promise<void> {
  await tx.raw(
    `update leases set until = clock_timestamp() where until > clock_timestamp() and until < 'infinity'`,
  );
}

/** Workers whose sign of life has ended. */
export async function readDeadWorkers(db: Db, prefix: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { owner: string }[] }>(
    `select owner from leases where starts_with(name, :prefix) and until < clock_timestamp()`,
    { prefix },
  );
  return rows.map(({ owner }) => owner);
}

/** Deletes their signs of life, unless one of them has shown a new sign meanwhile. */
export async function forgetWorkers(db: Db, prefix: string, owners: string[]): Promise<void> {
  await db.raw(
    `delete from leases where starts_with(name, :prefix) and owner = any(:owners) and until < clock_timestamp()`,
    { prefix, owners },
  );
}
