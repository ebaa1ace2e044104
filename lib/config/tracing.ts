/**
 * The settings of the traces, a part of schema.ts. They have the names of the OpenTelemetry
 * specification, so that one set of variables serves every program of a machine. For the same reason a
 * choice that Twinbox does not offer is an error only where traces are sent.
 */
import { samplers, type Sampler, type TracingSettings } from '../tracing/settings.ts';
import type { ValuesOf } from './values.ts';

const ADDRESS = '^https?://[^\\s?#/@]+(/[^\\s?#]*)?$';
const PROTOCOLS = ['http/protobuf', 'http/json'] as const;

export const tracingProperties = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    group: 'Traces',
    type: 'string',
    pattern: ADDRESS,
    description:
      'The receiver of traces (OTLP over HTTP), explained in `docs/tracing.md`; `/v1/traces` is added to it. If it is not set, no traces are made, and nothing of OpenTelemetry is loaded.',
    expects: 'an address that begins with https:// or http://, without a name or a password in it',
    example: 'http://localhost:4318',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    group: 'Traces',
    type: 'string',
    pattern: ADDRESS,
    description: 'The same, as the whole address: nothing is added to it. It goes before the other one.',
    expects: 'an address that begins with https:// or http://, without a name or a password in it',
    example: 'http://localhost:4318/v1/traces',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    group: 'Traces',
    type: 'string',
    default: 'http/protobuf',
    description: 'How traces are written. A receiver of OTLP over HTTP takes both; gRPC is not offered.',
    expects: 'http/protobuf or http/json',
    example: 'http/json',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    group: 'Traces',
    type: 'string',
    secret: true,
    description: 'Headers of every request to the receiver, such as its key. Values are percent-encoded.',
    expects: 'name=value, several separated by commas',
    example: 'api-key=a-key-of-the-receiver',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: {
    group: 'Traces',
    type: 'integer',
    minimum: 1,
    maximum: 3_600_000,
    default: 10_000,
    description:
      'How many milliseconds a batch of spans may take, its repeats included. No work waits for it.',
    expects: 'a whole number of milliseconds from 1 to 3600000',
    example: '5000',
  },
  OTEL_SERVICE_NAME: {
    group: 'Traces',
    type: 'string',
    description:
      'The name of the service in traces. If it is not set: `twinbox-api`, `twinbox-relay` or `twinbox-worker`, by the role.',
    expects: 'a name',
    example: 'crm-sync',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    group: 'Traces',
    type: 'string',
    description: 'Further attributes of every trace. Values are percent-encoded.',
    expects: 'name=value, several separated by commas',
    example: 'deployment.environment.name=production',
  },
  OTEL_TRACES_SAMPLER: {
    group: 'Traces',
    type: 'string',
    default: 'parentbased_always_on',
    description:
      'Which traces are kept. `parentbased_…` does as the caller’s `traceparent` says, and decides by itself without one.',
    expects: samplers.join(', '),
    example: 'parentbased_traceidratio',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    group: 'Traces',
    type: 'string',
    description:
      'The part of the traces that a `traceidratio` sampler keeps. If it is not set: 1, all of them.',
    expects: 'a number from 0 to 1',
    example: '0.1',
  },
  OTEL_TRACES_EXPORTER: {
    group: 'Traces',
    type: 'string',
    default: 'otlp',
    description: 'With `none` no traces are made, whatever else is set.',
    expects: 'otlp or none',
    example: 'none',
  },
  OTEL_SDK_DISABLED: {
    group: 'Traces',
    type: 'string',
    default: 'false',
    description: 'With `true` no traces are made, whatever else is set.',
    expects: 'true or false',
    example: 'true',
  },
} as const;

type TracingValues = ValuesOf<typeof tracingProperties>;

/** Null: no traces are made. Call `findTracingConflicts` before. */
export function buildTracing(values: TracingValues): TracingSettings | null {
  const url = addressOf(values);
  if (url === null) return null;
  return {
    url,
    protocol: PROTOCOLS.find((one) => one === values.OTEL_EXPORTER_OTLP_PROTOCOL) ?? 'http/protobuf',
    headers: readPairs(values.OTEL_EXPORTER_OTLP_HEADERS) ?? {},
    timeoutMs: values.OTEL_EXPORTER_OTLP_TIMEOUT,
    serviceName: values.OTEL_SERVICE_NAME ?? null,
    attributes: readPairs(values.OTEL_RESOURCE_ATTRIBUTES) ?? {},
    sampler: samplerIn(values) ?? 'parentbased_always_on',
    ratio: Number(values.OTEL_TRACES_SAMPLER_ARG ?? 1),
  };
}

export function findTracingConflicts(values: TracingValues): string[] {
  const url = addressOf(values);
  if (url === null) return [];
  const { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_TRACES_SAMPLER_ARG: part = '1' } = values;
  const problems: string[] = [];
  const wrong = (name: keyof TracingValues, what: string): void => {
    const { expects, example } = tracingProperties[name];
    problems.push(`${name} ${what}: it must be ${expects}. For example: ${name}=${example}`);
  };
  if (URL.parse(url) === null)
    wrong(
      values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT === undefined
        ? 'OTEL_EXPORTER_OTLP_ENDPOINT'
        : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      'is not an address',
    );
  if (!PROTOCOLS.some((one) => one === protocol))
    wrong('OTEL_EXPORTER_OTLP_PROTOCOL', `is ${JSON.stringify(protocol)}`);
  if (samplerIn(values) === null)
    wrong('OTEL_TRACES_SAMPLER', `is ${JSON.stringify(values.OTEL_TRACES_SAMPLER)}`);
  if (!(Number(part) >= 0 && Number(part) <= 1))
    wrong('OTEL_TRACES_SAMPLER_ARG', `is ${JSON.stringify(part)}`);
  if (!areHeaders(readPairs(values.OTEL_EXPORTER_OTLP_HEADERS)))
    wrong('OTEL_EXPORTER_OTLP_HEADERS', 'has a value that cannot be read');
  if (readPairs(values.OTEL_RESOURCE_ATTRIBUTES) === null)
    wrong('OTEL_RESOURCE_ATTRIBUTES', 'cannot be read');
  return problems;
}

function addressOf(values: TracingValues): string | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = values;
  const isOff = /^true$/i.test(values.OTEL_SDK_DISABLED) || /^none$/i.test(values.OTEL_TRACES_EXPORTER);
  if (isOff) return null;
  return whole ?? (base === undefined ? null : `${base.replace(/\/+$/, '')}/v1/traces`);
}

function samplerIn({ OTEL_TRACES_SAMPLER: name }: TracingValues): Sampler | null {
  return samplers.find((one) => one === name) ?? null;
}

/** `a=1,b=2`, with percent-encoded values; null if it cannot be read. */
function readPairs(text: string | undefined): Record<string, string> | null {
  const pairs: Record<string, string> = {};
  for (const part of (text ?? '').split(',')) {
    if (part.trim() === '') continue;
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(part) ?? [];
    if (name.trim() === '') return null;
    try {
      pairs[name.trim()] = decodeURIComponent(value.trim());
    } catch (error) {
      if (error instanceof URIError) return null;
      throw error;
    }
  }
  return pairs;
}

/** What Node accepts as a header: it would throw at the first batch otherwise. */
function areHeaders(pairs: Record<string, string> | null): boolean {
  if (pairs === null) return false;
  return Object.entries(pairs).every(
    ([name, value]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e]*$/.test(value),
  );
}
