/** Reads what /metrics answers. */
export interface Series {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export function parseMetrics(text: string): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inner = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', said = '']) => [
        key,
        said,
      ]);
      return { name, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(value) };
    });
}

/** The sum over all series of that name whose labels are as given. */
export function sumOf(all: readonly Series[], name: string, labels: Record<string, string> = {}): number {
  return all
    .filter(
      (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
}

/** By the values of one label. */
export function sumsBy(all: readonly Series[], name: string, label: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { name: own, labels, value } of all)
    if (own === name && value > 0) sums[labels[label] ?? ''] = (sums[labels[label] ?? ''] ?? 0) + value;
  return sums;
}
