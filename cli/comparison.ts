// Compares both sides, and sums the result up in one line: for `twinbox verify` and for the demo.
import {
  compareAll,
  compareUntilQuiet,
  type Comparison,
  type Finding,
} from '../lib/operations/comparison.ts';
import { sleep } from '../lib/loop.ts';
import type { SyncDeps } from '../lib/sync/step.ts';
import { count } from './output.ts';

const REST_MS = 500;

/** Compares once; with time to wait, compares again until no change is on its way. */
export function compare(
  sync: SyncDeps,
  waitSeconds: number,
  onProgress?: (done: number) => void,
): Promise<Comparison> {
  return compareUntilQuiet(() => compareAll(sync, onProgress), {
    deadline: performance.now() + waitSeconds * 1_000,
    rest: () => sleep(REST_MS),
  });
}

export function countKinds({ agree, findings }: Comparison): Record<'agree' | Finding['kind'], number> {
  const of = (kind: Finding['kind']): number => findings.filter((f) => f.kind === kind).length;
  return {
    agree,
    drift: of('drift'),
    pending: of('pending'),
    parked: of('parked'),
    missing: of('missing'),
    waiting: of('waiting'),
    held: of('held'),
    alias: of('alias'),
    detached: of('detached'),
    closed: of('closed'),
  };
}

/** `59 customers agree, 0 drift`; the numbers of other findings follow. */
export function summarise(report: Comparison): string {
  const { agree, drift, ...others } = countKinds(report);
  const rest = Object.entries(others).flatMap(([kind, number]) => (number > 0 ? [`${number} ${kind}`] : []));
  return [`${count(agree, 'customer')} ${agree === 1 ? 'agrees' : 'agree'}`, `${drift} drift`, ...rest].join(
    ', ',
  );
}
