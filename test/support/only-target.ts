import type { Target } from '../../db/deliveries.ts';

/** The targets of a system that keeps customers alone. */
export function onlyCustomers({ system, externalType }: { system: string; externalType: string }) {
  return new Map<string, Target>([['customer', { system, entityType: 'customer', externalType }]]);
}
