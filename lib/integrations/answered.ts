/** What a system says of a quota of the account: how much of it is used, and until when it counts. */
export interface Budget {
  /** Stable, short, the system's own: `daily`. */
  name: string;
  /** How much may be used; more than 0. */
  limit: number;
  used: number;
  /** When it is given anew; null if the answer does not say. Then nothing waits because of it. */
  resetsAt: Date | null;
}

/** What is kept of every answer of a system. */
export interface Answered {
  requestId: string | null;
  status: number;
  /** The system's own time when it answered. */
  answeredAt: Date | null;
  /** What the answer says of the account's quotas; left out by systems that say nothing. */
  budgets?: readonly Budget[];
}
