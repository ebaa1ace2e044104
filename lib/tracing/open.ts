// Opens the traces of a process. Without settings nothing of OpenTelemetry is loaded.
import type { TracingSettings } from './settings.ts';
import { noTraces, type Traces, type TracesLog } from './traces.ts';

export async function openTraces(settings: TracingSettings | null, log: TracesLog): Promise<Traces> {
  if (settings === null) return noTraces;
  const { createTraces } = await import('./sdk.ts');
  return createTraces(settings, log);
}
