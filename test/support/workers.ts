import { AsyncLocalStorage } from 'node:async_hooks';
import { enableFailpoint } from '../../lib/failpoint.ts';
import { createSignal } from './signal.ts';

/**
 * Failpoints at which a step may stop for any time: outside every transaction, so a sleeping worker
 * holds no lock.
 */
const PAUSES = [
  'reconcile.loaded',
  'reconcile.read',
  'adopt.read',
  'link.read',
  'adopt.imported',
  'adopt.absorbed',
  'intent.stored',
  'intent.before-send',
  'intent.answered',
  'remove.guarded',
  'resolve.looked',
  'write-ours.after',
  'delete-ours.after',
  'settle.before',
  'settle.after',
];

/**
 * Failpoints within a transaction, where no worker may sleep; a worker that dies there has changed
 * nothing.
 */
const COMMITS = [
  'settle.before-commit',
  'write-ours.before-commit',
  'delete-ours.before-commit',
  'adopt.before-commit',
];

export interface Worker {
  /** Whether it ended, or died. */
  readonly done: boolean;
  /** The failpoint at which it stopped, or died. */
  readonly at: string;
  /** Lets it run to its next pause, or its end. Throws its error. */
  step(): Promise<void>;
  /** Waits until a worker whose call hung comes to its next pause, or its end. */
  arrive(): Promise<void>;
}

/**
 * Ends a worker like a kill: no code between the failpoint and the worker's start may handle this
 * error.
 */
class Died extends Error {}

const current = new AsyncLocalStorage<{ pause(name: string): Promise<void>; commit(name: string): void }>();

/** Makes every pause hold a worker that `startWorker` starts; other code passes without a stop. */
export function enablePauses(): void {
  for (const name of PAUSES) enableFailpoint(name, (at) => current.getStore()?.pause(at));
  for (const name of COMMITS) enableFailpoint(name, (at) => current.getStore()?.commit(at));
}

/**
 * Work that continues only when `go` is called, from one failpoint to the next. `dies` says whether
 * it dies when a transaction is about to be committed.
 */
export function startWorker(run: () => Promise<void>, dies: (at: string) => boolean = () => false): Worker {
  let done = false;
  let at = 'start';
  let paused = createSignal();
  let go: (() => void) | null = null;
  let ended: Promise<void> | null = null;
  const pause = (name: string): Promise<void> => {
    at = name;
    const resumed = createSignal();
    go = () => resumed.fire();
    paused.fire();
    return resumed.promise;
  };
  const commit = (name: string): void => {
    if (!dies(name)) return;
    at = name;
    throw new Died(name);
  };
  const live = async (): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Died)) throw error;
    } finally {
      done = true;
    }
  };
  return {
    get done() {
      return done;
    },
    get at() {
      return at;
    },
    async step() {
      if (done) return;
      paused = createSignal();
      ended ??= current.run({ pause, commit }, live);
      go?.();
      await Promise.race([ended, paused.promise]);
    },
    async arrive() {
      await Promise.race([ended, paused.promise]);
    },
  };
}
