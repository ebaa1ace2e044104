// The figures of a replay that a person may choose, and what they are if no person does.

/** Pairs per second. */
export const rates = { default: 10, most: 1_000, least: 0.1 } as const;

/** A job stops itself when more than this share of its results is a failure. */
export const STOP_SHARE = 0.5;
