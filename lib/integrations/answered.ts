/** What is kept of every answer of a system. */
export interface Answered {
  requestId: string | null;
  status: number;
  /** The system's own time when it answered. */
  answeredAt: Date | null;
}
