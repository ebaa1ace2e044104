/** Lets tests wait for a state instead of a time: the code that changes the state announces it. */
export type Signal = ReturnType<typeof createSignal>;

export function createSignal() {
  const waiting = new Set<() => void>();
  return {
    announce: (): void => {
      for (const look of [...waiting]) look();
    },
    /** Resolves as soon as `look` returns something other than null, which may be at once. */
    until<T>(look: () => T | null): Promise<T> {
      return new Promise((resolve) => {
        const tryOnce = () => {
          const found = look();
          if (found === null) return;
          waiting.delete(tryOnce);
          resolve(found);
        };
        waiting.add(tryOnce);
        tryOnce();
      });
    },
  };
}
