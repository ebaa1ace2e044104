/**
 * The one source of *rule* times: when something is due, was first sent, may be forgotten.
 * Leases use the database's clock and deadlines the monotonic one, so neither belongs here.
 */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };
