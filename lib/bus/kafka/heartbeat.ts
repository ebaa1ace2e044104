// Heartbeats while a handler works: kafkajs sends them only between batches.

export type Beating = {
  /** Ends them, and answers the error of the one that failed: the group has been shared anew, or the broker is away. */
  stop(): Promise<Error | null>;
};

export function keepBeating(heartbeat: () => Promise<void>, everyMs: number): Beating {
  let failed: Error | null = null;
  let inHand: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    if (failed) return;
    inHand = heartbeat().catch((error: unknown) => {
      failed = error instanceof Error ? error : new Error(String(error));
    });
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await inHand;
      return failed;
    },
  };
}
