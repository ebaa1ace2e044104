// Sends spans, and says once that they do not arrive, not once for each batch.
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { TracesLog } from './traces.ts';
import type { TracingSettings } from './settings.ts';
import { codeOf } from './tracing.ts';

type Answer = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/** As `ExportResultCode.SUCCESS` of OpenTelemetry, in a package that we do not depend on ourselves. */
const SUCCESS = 0;

export async function createExporter(settings: TracingSettings, log: TracesLog): Promise<SpanExporter> {
  const { url, headers, timeoutMs: timeoutMillis, protocol } = settings;
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis });
  return warnOnce(exporter, log, { receiver: new URL(url).host, timeoutMs: timeoutMillis });
}

function warnOnce(
  exporter: SpanExporter,
  log: TracesLog,
  { receiver, timeoutMs }: { receiver: string; timeoutMs: number },
): SpanExporter {
  let lost = 0;
  function note({ code, error }: Answer, spans: readonly ReadableSpan[], ms: number): void {
    if (code.valueOf() === SUCCESS) {
      if (lost > 0) log.info('traces.sent_again', { receiver, lost });
      lost = 0;
      return;
    }
    if (lost === 0)
      log.warn('traces.not_sent', { receiver, why: whyOf(error, ms > timeoutMs * 0.9), fix: FIX });
    lost += spans.length;
  }
  return {
    export: (spans, answer) => {
      const began = performance.now();
      exporter.export(spans, (result) => {
        note(result, spans, performance.now() - began);
        answer(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

const FIX =
  'spans are dropped meanwhile, and nothing else is; check OTEL_EXPORTER_OTLP_ENDPOINT and the receiver (docs/tracing.md)';

/**
 * A status or a code; never the text of an answer, which is not ours. What the exporter gives up when the time is
 * over has neither.
 */
function whyOf(error: unknown, isOverTime: boolean): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'number')
    return `it answered ${error.code}`;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = codeOf(error);
  return code === 'Error' && isOverTime ? 'it did not answer in time' : code;
}
