// Traces as a process makes them, sent to a receiver of a test.
import { loadConfig } from '../../lib/config/config.ts';
import { openTraces } from '../../lib/tracing/open.ts';
import type { Traces } from '../../lib/tracing/traces.ts';
import { startOtlpReceiver, type OtlpReceiver } from './otlp-receiver.ts';

export interface TestTraces {
  receiver: OtlpReceiver;
  traces: Traces;
  lines: { level: 'info' | 'warn'; event: string; fields: Record<string, unknown> }[];
  /** The text of each line. */
  said(): string[];
}

/** Runs the work with traces that go to a receiver of its own; `env`: further settings. */
export async function withTraces(
  work: (made: TestTraces) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const receiver = await startOtlpReceiver();
  const lines: TestTraces['lines'] = [];
  const write = (level: 'info' | 'warn') => (event: string, fields: Record<string, unknown>) =>
    void lines.push({ level, event, fields });
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    ...env,
  };
  const { tracing } = loadConfig(settings, { envFile: false });
  const traces = await openTraces(tracing, { info: write('info'), warn: write('warn') });
  try {
    await work({ receiver, traces, lines, said: () => lines.map(({ event }) => event) });
  } finally {
    await traces.close();
    await receiver.close();
  }
}
