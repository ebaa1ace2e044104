/**
 * The systems that can be kept in step; each has a folder beside this file. For whoever need not
 * load what speaks to them.
 */
export const systemNames = ['stripe'] as const;
