/** Where spans are sent, and which ones; lib/config/tracing.ts reads it from the settings. */
export interface TracingSettings {
  /** The whole address, such as http://127.0.0.1:4318/v1/traces. */
  url: string;
  protocol: 'http/protobuf' | 'http/json';
  /** May hold credentials. */
  headers: Readonly<Record<string, string>>;
  timeoutMs: number;
  /** In place of a name for each role. */
  serviceName: string | null;
  /** Further attributes of the resource. */
  attributes: Readonly<Record<string, string>>;
  sampler: Sampler;
  /** The part of the traces that a `traceidratio` sampler keeps, from 0 to 1. */
  ratio: number;
}

export const samplers = [
  ...(['always_on', 'always_off', 'traceidratio'] as const),
  ...(['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const),
] as const;

export type Sampler = (typeof samplers)[number];
