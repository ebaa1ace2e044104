// A receiver of traces over HTTP (OTLP, in JSON), with what it received as plain spans.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitUntil } from './signal.ts';

export interface ReceivedSpan {
  service: string;
  resource: Record<string, unknown>;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  attributes: Record<string, unknown>;
  /** The traceparents that it links to, without their flags. */
  links: string[];
  failed: boolean;
}

export interface OtlpReceiver {
  url: string;
  spans(): ReceivedSpan[];
  /** The spans of which all of this is so; waits until there are any. */
  find(what: string, isOne: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan[]>;
  requests(): { path: string; headers: IncomingHttpHeaders; body: string }[];
  /** How it answers from now on; `hang`: never. */
  answer(how: { status: number; body: string } | 'hang'): void;
  close(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const requests: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const spans: ReceivedSpan[] = [];
  let how: { status: number; body: string } | 'hang' = { status: 200, body: '{}' };
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      requests.push({ path: req.url ?? '', headers: req.headers, body });
      if (how === 'hang') return;
      if (how.status === 200 && req.headers['content-type'] === 'application/json')
        spans.push(...toSpans(JSON.parse(body) as Exported));
      res.writeHead(how.status, { 'content-type': 'application/json' }).end(how.body);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    requests: () => requests,
    async find(what, isOne) {
      const found = (): ReceivedSpan[] => spans.filter(isOne);
      await waitUntil(() => Promise.resolve(found().length > 0), { timeoutMs: 20_000, everyMs: 20, what });
      return found();
    },
    answer: (next) => void (how = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The traceparent of a span, as it stands in `links`. */
export function contextOf({ traceId, spanId }: Pick<ReceivedSpan, 'traceId' | 'spanId'>): string {
  return `00-${traceId}-${spanId}`;
}

type Pair = { key: string; value: Record<string, unknown> };
type Exported = {
  resourceSpans: {
    resource: { attributes: Pair[] };
    scopeSpans: {
      spans: {
        name: string;
        kind: number;
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        attributes?: Pair[];
        links?: { traceId: string; spanId: string }[];
        status?: { code?: number };
      }[];
    }[];
  }[];
};

function toSpans({ resourceSpans }: Exported): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const attributes = toObject(resource.attributes);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        service: String(attributes['service.name']),
        resource: attributes,
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? null,
        attributes: toObject(span.attributes ?? []),
        links: (span.links ?? []).map(contextOf),
        failed: span.status?.code === 2,
      })),
    );
  });
}

/** Each value stands under the name of its type. */
function toObject(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}
