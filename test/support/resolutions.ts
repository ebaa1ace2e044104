import { customer as customerEntity } from '../../lib/catalogue/built-in.ts';
import { createResolveOperations, type ResolveOperations } from '../../lib/operations/resolutions.ts';
import type { SyncWorld } from './sync.ts';

/** Decides about stuck pairs of a world, as a person does. */
export function resolutionsOf({ db, clock, deps }: SyncWorld): ResolveOperations {
  return createResolveOperations({ entity: customerEntity, db, clock, log: deps.log });
}
