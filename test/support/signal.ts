import { enableFailpoint } from '../../lib/failpoint.ts';

export { waitUntil } from '../../lib/loop.ts';

export type Signal<T = void> = {
  promise: Promise<T>;
  fire(value: T): void;
};

/** Something that happens once in this process and can be awaited. */
export function createSignal<T = void>(): Signal<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, fire: resolve };
}

/**
 * Holds the code that passes a failpoint there until `resume` is called; `reached` resolves once it
 * is held.
 */
export function pauseAt(name: string, options: { onPass?: number } = {}) {
  const reached = createSignal();
  const resumed = createSignal();
  const disable = enableFailpoint(
    name,
    async () => {
      reached.fire();
      await resumed.promise;
    },
    { ...options, once: true },
  );
  return {
    reached: reached.promise,
    resume() {
      resumed.fire();
      disable();
    },
  };
}
