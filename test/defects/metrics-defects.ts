import type { Defect } from './defect.ts';

/** Mistakes in what Prometheus reads. */
export const metricsDefects: Defect[] = [
  {
    name: 'metrics: a label takes any value that is given',
    edits: [
      {
        file: 'lib/metrics/registry.ts',
        find: `    if (form?.test(given) !== true) return OTHER;\n`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/lib/metrics/registry.test.ts',
      title: 'make a bounded number of series, with no email, no id and no forged line',
    },
  },
  {
    name: 'metrics: old figures of a database that is away are shown for ever',
    edits: [
      {
        file: 'lib/metrics/samples.ts',
        find: `last !== null && monotonic() - last.at < STALE_MS ? last.value : null`,
        replace: `last === null ? null : last.value`,
      },
    ],
    caughtBy: {
      file: 'test/lib/metrics/samples.test.ts',
      title: 'is asked for once for scrapes that come together, and grows too old in a minute',
    },
  },
];
