// What several statements set alike.

/** Nothing is wrong with the pair, and a consent to it is carried out or void: `atPeace` of state-change.ts. */
export const atPeaceSql = `reason = null, reason_detail = null, consent = null, ending = null`;

/** The fence rises, so a worker that holds the lease cannot settle any more. */
export const leaseOverSql = `fence = fence + 1, lease_owner = null, lease_until = null`;
