// The only file that knows OpenTelemetry. No instrumentation of a package is loaded: the one of kafkajs
// would write its own traceparent over the one that is stored with an event.
//
// A receiver that is away, slow or answers nonsense costs spans and nothing else: a span is put into a queue
// of 2,048, one batch at a time leaves it, and what finds no place is dropped.
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import {
  ROOT_CONTEXT,
  SpanKind as Kind,
  SpanStatusCode,
  trace,
  type Context,
  type Link,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler as OtelSampler,
} from '@opentelemetry/sdk-trace';
import { sleep } from '../loop.ts';
import { newEventId } from '../uuid.ts';
import { createExporter } from './exporter.ts';
import type { TracedRole, Traces, TracesLog } from './traces.ts';
import type { TracingSettings } from './settings.ts';
import { codeOf, parseTraceparent, type Attributes, type Span, type SpanKind } from './tracing.ts';
import type { SpanOptions, Traceparents, Tracing } from './tracing.ts';

/** A page of the relay has 1,000 events; OpenTelemetry's own limit is 128. */
const LINKS = 1_000;
const SEND_EVERY_MS = 1_000;
/** A stop may take 10 s in all, and the work in progress comes first. */
const CLOSE_MS = 2_000;

const KINDS: Record<SpanKind, Kind> = {
  server: Kind.SERVER,
  client: Kind.CLIENT,
  producer: Kind.PRODUCER,
  consumer: Kind.CONSUMER,
  step: Kind.INTERNAL,
};

export async function createTraces(settings: TracingSettings, log: TracesLog): Promise<Traces> {
  const exporter = await createExporter(settings, log);
  const { timeoutMs } = settings;
  const processor = new BatchSpanProcessor({
    ...{ exporter, scheduledDelayMillis: SEND_EVERY_MS },
    // The exporter ends by its own limit before; this one only has to be longer.
    exportTimeoutMillis: timeoutMs + 1_000,
  });
  const sampler = samplerOf(settings);
  const instance = newEventId(new Date());
  const ours = readOwnPackage();
  const roles = new Map<TracedRole, Tracing>();
  let closing: Promise<void> | null = null;
  const open = (role: TracedRole): Tracing => {
    const provider = new TracerProvider({
      resource: defaultResource().merge(
        resourceFromAttributes(resourceOf(settings, { ...ours, role, instance })),
      ),
      ...{ sampler, spanProcessors: [processor], spanLimits: { linkCountLimit: LINKS } },
    });
    return createTracing(provider.getTracer(ours.name, ours.version));
  };
  return {
    of(role) {
      const tracing = roles.get(role) ?? open(role);
      roles.set(role, tracing);
      return tracing;
    },
    close: () => (closing ??= end(processor)),
  };
}

async function end(processor: BatchSpanProcessor): Promise<void> {
  const done = new AbortController();
  // The receiver may be away: what was not sent is lost, and the log has said why.
  const sent = processor.shutdown().catch(() => undefined);
  await Promise.race([sent, sleep(CLOSE_MS, done.signal)]);
  done.abort();
}

function resourceOf(
  { serviceName, attributes }: TracingSettings,
  own: { name: string; version: string; role: TracedRole; instance: string },
): Record<string, string> {
  return {
    'service.version': own.version,
    'service.instance.id': own.instance,
    'service.name': `${own.name}-${own.role}`,
    ...attributes,
    ...(serviceName !== null && { 'service.name': serviceName }),
  };
}

function samplerOf({ sampler, ratio }: TracingSettings): OtelSampler {
  const root = sampler.endsWith('always_off')
    ? new AlwaysOffSampler()
    : sampler.endsWith('always_on')
      ? new AlwaysOnSampler()
      : new TraceIdRatioBasedSampler(ratio);
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function readOwnPackage(): { name: string; version: string } {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return JSON.parse(text) as { name: string; version: string };
}

/** The step that runs; calls become its children. */
const steps = new AsyncLocalStorage<OtelSpan>();

function createTracing(tracer: Tracer): Tracing {
  const start = (name: string, { kind, parent, attributes = {}, links = [] }: SpanOptions): OtelSpan =>
    tracer.startSpan(
      name,
      { kind: KINDS[kind], attributes: known(attributes), links: toLinks(links) },
      contextOf(kind, parent),
    );
  return {
    on: true,
    begin: (name, options) => asSpan(start(name, options)),
    async within(name, options, work) {
      const otel = start(name, options);
      const span = asSpan(otel);
      try {
        return await (options.kind === 'step' ? steps.run(otel, () => work(span)) : work(span));
      } catch (error) {
        span.fail((options.codeOf ?? codeOf)(error));
        throw error;
      } finally {
        span.end();
      }
    },
    here: () => {
      const step = steps.getStore();
      return step ? toTraceparent(step.spanContext()) : null;
    },
  };
}

function contextOf(kind: SpanKind, parent: string | undefined): Context {
  const remote = parseTraceparent(parent);
  if (remote) return trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true });
  const step = kind === 'client' ? steps.getStore() : undefined;
  return step ? trace.setSpan(ROOT_CONTEXT, step) : ROOT_CONTEXT;
}

function asSpan(span: OtelSpan): Span {
  return {
    traceparent: toTraceparent(span.spanContext()),
    rename: (name) => void span.updateName(name),
    set: (attributes) => void span.setAttributes(known(attributes)),
    link: (to) => void span.addLinks(toLinks(to)),
    fail: (code) => {
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
}

function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The rows of an import have one context, and one link is enough. */
function toLinks(traceparents: Traceparents): Link[] {
  return [...new Set(traceparents)].flatMap((text) => {
    const context = parseTraceparent(text);
    return context === null ? [] : [{ context: { ...context, isRemote: true } }];
  });
}

function known(attributes: Attributes): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(attributes).filter(
      (one): one is [string, string | number | boolean] => one[1] !== null && one[1] !== undefined,
    ),
  );
}
