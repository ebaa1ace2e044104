export const spreadOf = (values: readonly number[]): [number, number] => [
  Math.min(...values),
  Math.max(...values),
];

/** Per second, from the first of these times to the last, in milliseconds; the first two seconds fill the bucket. */
export function steadyRate(times: readonly number[]): number {
  const [first = NaN] = times;
  const steady = times.filter((at) => at >= first + 2_000);
  const [from = NaN, to = NaN] = [steady[0], steady.at(-1)];
  return ((steady.length - 1) / (to - from)) * 1_000;
}

/** Does the work for each item, so many at a time. */
export async function eachOf<T>(
  items: readonly T[],
  inFlight: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.values();
  const one = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}
