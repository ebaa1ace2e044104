import { AppError } from './errors.ts';

/**
 * Named places where a test can make the process die, fail or stop for a while. Production code writes
 * `await failpoint('relay.after-publish')`; unless a test has enabled something this reads one property.
 */

/** `kill` ends this process by SIGKILL, `throw` throws, a function is awaited. */
export type FailpointAction = 'kill' | 'throw' | ((name: string) => void | Promise<void>);

export type FailpointOptions = {
  /** Act at this pass and not at earlier ones; default 1, the first. */
  onPass?: number;
  /** Act at that pass only; later ones go through. */
  once?: boolean;
};

type Enabled = FailpointOptions & { action: FailpointAction; passes: number };

type State = { enabled: boolean; points: Map<string, Enabled>; note: ((name: string) => void) | null };

const state: State = { enabled: false, points: new Map(), note: null };

export function failpoint(name: string): Promise<void> | undefined {
  return state.enabled ? pass(name) : undefined;
}

/** Returns a function that takes this failpoint back. */
export function enableFailpoint(name: string, action: FailpointAction, options: FailpointOptions = {}) {
  const point: Enabled = { ...options, action, passes: 0 };
  state.points.set(name, point);
  state.enabled = true;
  return () => {
    if (state.points.get(name) === point) state.points.delete(name);
    state.enabled = state.points.size > 0 || state.note !== null;
  };
}

/** Reports every failpoint that is passed from now on, in order. */
export function noteFailpoints(note: (name: string) => void): void {
  state.note = note;
  state.enabled = true;
}

export function disableFailpoints(): void {
  state.points.clear();
  state.note = null;
  state.enabled = false;
}

/**
 * Enables what a list such as `relay.after-publish=kill@3,receive.before-commit=throw` names; `@3` means
 * at the third pass. For processes that a test starts.
 */
export function enableFailpoints(list: string): void {
  for (const item of list.split(',').filter((text) => text.trim() !== '')) {
    const [, name, action, onPass = '1'] = /^\s*([\w.:-]+)=(kill|throw)(?:@(\d+))?\s*$/.exec(item) ?? [];
    if (name === undefined || (action !== 'kill' && action !== 'throw')) {
      throw new AppError('config_invalid', { detail: `not a failpoint: "${item}" (name=kill|throw[@pass])` });
    }
    enableFailpoint(name, action, { onPass: Number(onPass), once: true });
  }
}

async function pass(name: string): Promise<void> {
  state.note?.(name);
  const point = state.points.get(name);
  if (point === undefined) return;
  point.passes += 1;
  const first = point.onPass ?? 1;
  if (point.passes < first || (point.once === true && point.passes > first)) return;
  if (point.action === 'kill') process.kill(process.pid, 'SIGKILL');
  else if (point.action === 'throw') throw new AppError('failpoint', { detail: `failpoint ${name}` });
  else await point.action(name);
}
