import type { LogFields } from '../log.ts';
import { noTracing, type Tracing } from './tracing.ts';

export type TracedRole = 'api' | 'relay' | 'worker';

/** The traces of a process. */
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
