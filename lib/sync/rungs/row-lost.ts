// The mapping names a row that does not exist: it was lost in a restore, or removed by hand. A
// person decides about its record.
import type { Action } from '../action.ts';
import { wait } from '../failing.ts';
import type { Situation } from '../situation.ts';

export function rowLost({ row }: Situation): Action | null {
  return row ? null : wait({ code: 'lost_row', detail: {} });
}
