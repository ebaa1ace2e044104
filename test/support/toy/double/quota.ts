// The quota of Toy's double: how many calls a day the account may make. What is left of it stands in a
// header of each answer, as Toy says it.

export interface Quota {
  limit: number;
  used: number;
  /** When it is given anew; a day later again. */
  resetsAt: Date;
}

const DAY_MS = 24 * 3_600_000;

export function createQuota(now: () => number) {
  let quota: Quota | null = null;
  return {
    set: (given: Quota): void => void (quota = { ...given }),
    /** Counts a call; until when it is refused, or null. */
    take(): Date | null {
      if (quota === null) return null;
      while (quota.resetsAt.getTime() <= now())
        quota = { ...quota, used: 0, resetsAt: new Date(quota.resetsAt.getTime() + DAY_MS) };
      if (quota.used >= quota.limit) return quota.resetsAt;
      quota.used += 1;
      return null;
    },
    headers(): Record<string, string> {
      if (quota === null) return {};
      const { limit, used, resetsAt } = quota;
      return { 'toy-quota': `daily; limit=${limit}; used=${used}; reset=${resetsAt.toISOString()}` };
    },
  };
}
