/**
 * The systems that customers can be kept the same with; each has a folder beside this file. For
 * code that need not load the integration itself.
 */
export const systemNames = ['stripe'] as const;
