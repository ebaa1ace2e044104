import { AsyncLocalStorage } from 'node:async_hooks';
import { enableFailpoint } from '../../lib/failpoint.ts';
import { createSignal } from './signal.ts';

/** Where a step may be left for any time: outside every transaction, so what sleeps there holds no lock. */
const PAUSES = [
  'reconcile.loaded',
  'reconcile.read',
  'adopt.read',
  'adopt.imported',
  'adopt.absorbed',
  'intent.stored',
  'intent.before-send',
  'intent.answered',
  'remove.guarded',
  'write-ours.after',
  'delete-ours.after',
  'settle.before',
  'settle.after',
];

export interface Worker {
  readonly done: boolean;
  /** The failpoint at which it stands. */
  readonly at: string;
  /** Lets it go to its next pause, or its end. Throws what it throws. */
  step(): Promise<void>;
}

const current = new AsyncLocalStorage<{ pause(name: string): Promise<void> }>();

/** Makes every pause one of the workers that `startWorker` starts; whatever else passes goes through. */
export function enablePauses(): void {
  for (const name of PAUSES) enableFailpoint(name, (at) => current.getStore()?.pause(at));
}

/** Work that goes on only when it is told to, from one failpoint to the next. */
export function startWorker(run: () => Promise<void>): Worker {
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
      ended ??= current.run({ pause }, run).finally(() => (done = true));
      go?.();
      await Promise.race([ended, paused.promise]);
    },
  };
}
