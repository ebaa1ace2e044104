import type { Defect } from './defect.ts';

/** Mistakes in the traces: in what they leave alone, and in what they cost. */
export const traceDefects: Defect[] = [
  {
    name: 'the stored context overwritten by the span of the publish',
    edits: [
      {
        file: 'lib/bus/traced.ts',
        find: `() => bus.publish(messages),`,
        replace: `({ traceparent }) =>
          bus.publish(messages.map((m) => ({ ...m, headers: { ...m.headers, traceparent: traceparent ?? '' } }))),`,
      },
    ],
    caughtBy: {
      file: 'test/lib/bus/traced.test.ts',
      title: `sends each stored context as it is, and links to it`,
    },
  },
  {
    name: 'a line in the log for each batch of spans that is lost',
    edits: [
      {
        file: 'lib/tracing/exporter.ts',
        find: `if (lost === 0)\n`,
        replace: `if (lost >= 0)\n`,
      },
    ],
    caughtBy: {
      file: 'test/lib/tracing/receiver.test.ts',
      title: `that is away costs spans, one line in the log, and no waiting`,
    },
  },
  {
    name: 'OpenTelemetry loaded where no traces are sent',
    edits: [
      {
        file: 'lib/tracing/open.ts',
        find: `  if (settings === null) return noTraces;
  const { createTraces } = await import('./sdk.ts');`,
        replace: `  const { createTraces } = await import('./sdk.ts');
  if (settings === null) return noTraces;`,
      },
    ],
    caughtBy: {
      file: 'test/cli/traces.test.ts',
      title: `loads nothing of OpenTelemetry unless a receiver of traces is set`,
    },
  },
];
