import type { DeleteDirection } from '../../db/connections.ts';
import type { Action } from './action.ts';
import { wait } from './failing.ts';

/**
 * The fuse (fuse.ts) holds the delete until a person decides about it. `field`: the row lives, and does
 * not fulfil the condition of the mapping by this field.
 */
export function heldDelete(direction: DeleteDirection, field: string | null = null): Action {
  const because = field === null ? {} : { field };
  return wait({ code: 'fuse', detail: { operation: 'delete', direction, ...because } });
}
