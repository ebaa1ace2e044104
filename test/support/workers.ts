import { AsyncLocalStorage } from 'node:async_hooks';
import { enableFailpoint } from '../../lib/failpoint.ts';
import { createSignal } from './signal.ts';

/** Where a step may be left for any time: outside every transaction, so what sleeps there holds no lock. */
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

/** Within a transaction, so nobody sleeps there; who dies there has done nothing of it. */
const COMMITS = [
  'settle.before-commit',
  'write-ours.before-commit',
  'delete-ours.before-commit',
  'adopt.before-commit',
];

export interface Worker {
  /** It ended, or died. */
  readonly done: boolean;
  /** The failpoint at which it stands, or died. */
  readonly at: string;
  /** Lets it go to its next pause, or its end. Throws what it throws. */
  step(): Promise<void>;
  /** Waits until one whose call hung comes to its next pause, or its end. */
  arrive(): Promise<void>;
}

/** What ends a worker where a kill would: nothing between the failpoint and the worker's start may make anything of it. */
class Died extends Error {}

const current = new AsyncLocalStorage<{ pause(name: string): Promise<void>; commit(name: string): void }>();

/** Makes every pause one of the workers that `startWorker` starts; whatever else passes goes through. */
export function enablePauses(): void {
  for (const name of PAUSES) enableFailpoint(name, (at) => current.getStore()?.pause(at));
  for (const name of COMMITS) enableFailpoint(name, (at) => current.getStore()?.commit(at));
}

/**
 * Work that goes on only when it is told to, from one failpoint to the next. `dies` says whether it dies as a transaction is about
 * to be committed.
 */
export function startWorker(run: () => Promise<void>, dies: (at: string) => boolean = () => false): Worker {
  let done = false;
  let at = 'start';
  let paused = createSignal();
  let go: (() => void) | null = null;
  let ended: Promise<void> | null = null;
  const pause = (name: string): Promise<void> => {
    at = name;
    const told = createSignal();
    go = () => told.fire();
    paused.fire();
    return told.promise;
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
