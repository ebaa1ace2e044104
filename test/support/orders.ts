/** All orders of the given elements. */
export function orders<T>(all: T[]): T[][] {
  if (all.length <= 1) return [all];
  return all.flatMap((one) => orders(all.filter((other) => other !== one)).map((rest) => [one, ...rest]));
}
