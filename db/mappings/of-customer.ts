// The pairs of one customer, whole rows: for those who look at the state itself.
import type { Db } from '../server/connection.ts';
import { toMapping, type Mapping } from './mappings.ts';

/** Every mapping of a customer in one system, of all accounts, oldest first. */
export async function findMappingsOf(db: Db, customerId: number, system: string): Promise<Mapping[]> {
  const { rows } = await db.raw<{ rows: Parameters<typeof toMapping>[0][] }>(
    `select * from external_mappings
     where entity_type = 'customer' and internal_id = :customerId and system = :system order by id`,
    { customerId, system },
  );
  return rows.map(toMapping);
}
