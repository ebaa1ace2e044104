// Groups rows as they come, so that many are written by one statement.
//
// Rows are asked for only when the batch before was taken: a reader that is slow holds back the file, and
// with it whoever sends the file.
import { sleep } from '../../loop.ts';

export type BatchOptions<T> = {
  /** The most rows of a batch. */
  most: number;
  /** A batch is given out so many milliseconds after its first row, also with fewer rows. */
  waitMs: number;
  /** Two rows of one key never stand in one batch; null for a row that is not written. */
  keyOf: (row: T) => string | null;
  /** Ends the batches at once; rows that were read and not given out are dropped. */
  signal?: AbortSignal | undefined;
};

/** Never empty. After the signal the rows are not closed: whoever gave the signal closes the file. */
export async function* inBatches<T>(
  rows: AsyncIterable<T>,
  { most, waitMs, keyOf, signal }: BatchOptions<T>,
): AsyncGenerator<T[]> {
  const reader = readerOf(rows, signal);
  let held: T[] = [];
  try {
    for (;;) {
      const batch = held;
      const keys = new Set(batch.map(keyOf));
      const began = performance.now();
      held = [];
      let got: Next<T> = 'late';
      while (batch.length < most && held.length === 0) {
        got = await reader.next(batch.length === 0 ? null : began + waitMs - performance.now());
        if (got === 'stopped') return;
        if (got === 'late' || got.done === true) break;
        const key = keyOf(got.value);
        if (key !== null && keys.has(key)) held = [got.value];
        else batch.push(got.value);
        keys.add(key);
      }
      if (batch.length > 0) yield batch;
      if (got !== 'late' && got.done === true) return;
    }
  } finally {
    await reader.close();
  }
}

type Next<T> = IteratorResult<T, unknown> | 'late' | 'stopped';

/** Asks for the next row, and may stop waiting for it: then the same row is waited for the next time. */
function readerOf<T>(rows: AsyncIterable<T>, signal: AbortSignal | undefined) {
  const iterator = rows[Symbol.asyncIterator]();
  let isOver = false;
  let isAsked = false;
  let answer: { result: IteratorResult<T, unknown> } | { error: unknown } | null = null;
  let wake = (): void => undefined;
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort);

  function ask(): void {
    isAsked = true;
    const note = (given: NonNullable<typeof answer>): void => {
      answer = given;
      wake();
    };
    iterator.next().then(
      (result) => note({ result }),
      (error: unknown) => note({ error }),
    );
  }

  return {
    /** `ms`: for how long to wait; null for as long as it takes. */
    async next(ms: number | null): Promise<Next<T>> {
      if (!isAsked) ask();
      await waitFor(ms);
      if (signal?.aborted === true) return 'stopped';
      const given = answer;
      if (given === null) return 'late';
      [answer, isAsked] = [null, false];
      isOver = 'error' in given || given.result.done === true;
      if ('error' in given) throw given.error;
      return given.result;
    },
    async close(): Promise<void> {
      signal?.removeEventListener('abort', onAbort);
      if (!isOver && signal?.aborted !== true) await iterator.return?.();
    },
  };

  async function waitFor(ms: number | null): Promise<void> {
    if (answer !== null || signal?.aborted === true) return;
    const timer = new AbortController();
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (ms !== null) void sleep(Math.max(0, ms), timer.signal).then(resolve);
    });
    timer.abort();
  }
}
