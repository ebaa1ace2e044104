// Heartbeats while a handler works: kafkajs sends them only between batches.

export type Beating = {
  /** Ends them, and answers the last one's error: the group is being shared anew, or the broker is away. */
  stop(): Promise<Error | null>;
};

export function keepBeating(heartbeat: () => Promise<void>, everyMs: number): Beating {
  let failed: Error | null = null;
  let inHand: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // Also during a rebalance: the broker waits for us as long as it receives heartbeats.
    inHand = heartbeat().then(
      () => void (failed = null),
      (error: unknown) => void (failed = error instanceof Error ? error : new Error(String(error))),
    );
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await inHand;
      return failed;
    },
  };
}
