// Signals to a long-running process: the first one asks it to stop, a second one ends it at once.
import { exit } from './exit.ts';

export type Stopping = {
  /** Resolves with the first signal's name. */
  requested: Promise<NodeJS.Signals>;
  /** Removes the listeners: Node handles the signals again. */
  dispose(): void;
};

/**
 * One Ctrl-C may arrive twice: from the terminal, and from the parent process, which passes it on.
 */
const SAME_PRESS_MS = 250;

export function listenForStop(): Stopping {
  const { promise: requested, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstAt: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt === null) {
      firstAt = performance.now();
      resolve(signal);
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      process.exit(exit.interrupted);
    }
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, onSignal);
  return {
    requested,
    dispose: () => signals.forEach((signal) => process.removeListener(signal, onSignal)),
  };
}
