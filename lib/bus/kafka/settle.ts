import { sleep } from '../../loop.ts';

/** Waits for the closing of something: its result does not matter, and it may hang. */
export async function settleWithin(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const settled = work.then(
    () => done.abort(),
    () => done.abort(),
  );
  await Promise.race([settled, sleep(ms, done.signal)]);
}
