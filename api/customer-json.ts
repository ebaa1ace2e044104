// A customer as the API shows it.
import type { MappedRow } from '../db/entities/rows.ts';
import { externalIdsOf, syncOf } from './customer-sync.ts';

/** `sync` has the state in each external system, and the reason of a parked pair. */
export function customerJson(customer: MappedRow, systems: readonly string[]): Record<string, unknown> {
  return {
    id: customer.id,
    ...customer.fields,
    version: customer.version,
    created_at: customer.createdAt.toISOString(),
    updated_at: customer.updatedAt.toISOString(),
    external_mappings: externalIdsOf(customer),
    sync: syncOf(customer, systems),
  };
}

export function entityTag({ version }: MappedRow): string {
  return `"${version}"`;
}
