// Pairs whose system is not to have the row, by the condition of the mapping.

/**
 * A pair whose system is not to have its row rests: it is no pair that waits for anybody, and is only
 * shown where it is asked for.
 */
export const isOfInterestSql = (mapping: string): string => `${mapping}.reason is distinct from 'not_wanted'`;
