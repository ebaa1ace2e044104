import type { DeleteDirection } from '../../db/connections.ts';
import type { Action } from './action.ts';
import { wait } from './failing.ts';

/** The fuse (fuse.ts) holds the delete until a person decides about it. */
export function heldDelete(direction: DeleteDirection): Action {
  return wait({ code: 'fuse', detail: { operation: 'delete', direction } });
}
