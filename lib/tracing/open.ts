// Opens the traces of a process. Without settings nothing of OpenTelemetry is loaded.
import type { LogFields } from '../log.ts';
import type { TracingSettings } from './settings.ts';
import { noTracing, type Tracing } from './tracing.ts';

export type TracedRole = 'api' | 'relay' | 'worker';

export interface Traces {
  /** Each role is a service of its own, also if one process has them all. */
  of(role: TracedRole): Tracing;
  /** Sends what is left, for at most two seconds. */
  close(): Promise<void>;
}

export interface TracesLog {
  info(event: string, fields: LogFields): void;
  warn(event: string, fields: LogFields): void;
}

export const noTraces: Traces = { of: () => noTracing, close: () => Promise.resolve() };

export async function openTraces(settings: TracingSettings | null, log: TracesLog): Promise<Traces> {
  if (settings === null) return noTraces;
  const { createTraces } = await import('./sdk.ts');
  return createTraces(settings, log);
}
