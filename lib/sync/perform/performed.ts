/**
 * What follows an action. `decide`: the same step is decided about again, with what was learned.
 * `load`: so is the mapping, loaded anew under the same lease. `over`: the lease was given back, or
 * is lost. `no_room`: the lease does not outlast another call.
 */
export type Performed = 'decide' | 'load' | 'over' | 'no_room';
