// The mapping names a row that is not there: it was lost in a restore, or removed by hand. A person
// says what becomes of its record.
import type { Action } from '../action.ts';
import { wait } from '../failing.ts';
import type { Situation } from '../situation.ts';

export function rowLost({ row }: Situation): Action | null {
  return row ? null : wait({ code: 'lost_row', detail: {} });
}
