/** The lease does not outlast another call: nothing was found out, and the mapping is to be given back. */
export const NO_ROOM = Symbol('no room for a call');
