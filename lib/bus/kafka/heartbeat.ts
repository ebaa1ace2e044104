// Heartbeats while a handler works: kafkajs sends them only between batches.

export type Beating = {
  /** Ends the heartbeats, and returns the last one's error: a rebalance, or the broker is away. */
  stop(): Promise<Error | null>;
};

export function keepBeating(heartbeat: () => Promise<void>, everyMs: number): Beating {
  let failed: Error | null = null;
  let inHand: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // Sent during a rebalance too: the broker waits for this member as long as it receives
    // heartbeats.
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
