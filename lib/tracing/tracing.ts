// Spans, as every part of Twinbox that records some is given them, like the log. Nothing here knows
// OpenTelemetry: sdk.ts does, and it is loaded only if a receiver of traces is set.
//
// What goes into a span: names, counts, codes and ids that the log has too. No email, no name, no text of an
// error, since it may repeat a value.

export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** W3C traceparents (w3.org/TR/trace-context); what is none is left out. */
export type Traceparents = Iterable<string | null | undefined>;

export interface Span {
  /** Its own W3C traceparent; null if no spans are recorded. */
  readonly traceparent: string | null;
  rename(name: string): void;
  set(attributes: Attributes): void;
  link(to: Traceparents): void;
  /** `code`: a stable one, never the text of an error. */
  fail(code: string): void;
  end(): void;
}

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'step';

export interface SpanOptions {
  /** A `client` span is a child of the step that runs; every other one begins a trace, or continues `parent`. */
  kind: SpanKind;
  /** The traceparent that a request brought. */
  parent?: string | undefined;
  attributes?: Attributes;
  links?: Traceparents;
  /** The code of what `within` throws; default: the error's own. */
  codeOf?: (error: unknown) => string;
}

export interface Tracing {
  /** Whether spans are recorded. What only spans need is neither wrapped nor looked up without it. */
  readonly on: boolean;
  begin(name: string, options: SpanOptions): Span;
  /** Does the work in a span, and ends it. If the work throws, the span has the error's code. */
  within<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** The traceparent of the step that runs here; null outside a step. */
  here(): string | null;
}

const nothing = (): void => undefined;

const noSpan: Span = {
  traceparent: null,
  rename: nothing,
  set: nothing,
  link: nothing,
  fail: nothing,
  end: nothing,
};

export const noTracing: Tracing = {
  on: false,
  begin: () => noSpan,
  within: (_name, _options, work) => work(noSpan),
  here: () => null,
};

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Null for what is no traceparent. */
export function parseTraceparent(
  text: string | null | undefined,
): { traceId: string; spanId: string; traceFlags: number } | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

/** The stable code of an error, for `fail`. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
