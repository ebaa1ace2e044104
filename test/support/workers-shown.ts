import { saveRoleSigns } from '../../db/health/role-signs.ts';
import type { Db } from '../../db/server/connection.ts';

/** Pretends that a worker runs on the database, for longer than any test takes. */
export async function showWorker(db: Db): Promise<void> {
  await db.raw('delete from role_signs');
  await saveRoleSigns(db, 'host:1:test', [{ role: 'worker', state: null, problem: null, settings: null }]);
  await db.raw(`update role_signs set seen_at = clock_timestamp() + interval '1 day'`);
}
