/**
 * What follows an action. `decide`: the same step is decided again, with the new facts. `load`: the
 * mapping is loaded again under the same lease, and decided. `over`: the lease was released, or is
 * lost. `no_room`: the lease does not outlast another call.
 */
export type Performed = 'decide' | 'load' | 'over' | 'no_room';
