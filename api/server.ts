import { createServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenError, urlOf } from '../lib/process/listening.ts';
import { createSlots } from '../lib/slots.ts';
import { newEventId } from '../lib/uuid.ts';
import { Problem, problemDocument, type ProblemCode } from './problems.ts';

export type ApiServer = {
  /**
   * The address on which the server listens, such as http://127.0.0.1:8000; port 0 takes a free
   * port.
   */
  url: string;
  port: number;
  /** Stops accepting, finishes the open requests and ends; after `graceMs` it cuts the rest. */
  close(graceMs?: number): Promise<void>;
};

const NAMES = { host: 'API_HOST', port: 'API_PORT' };

/** The server emits it on each open response when it begins to close: what only waits should answer. */
export const CLOSING = Symbol('closing');

const closingResponses = new WeakSet<object>();

/** Whether the server of this response stops: what waits for something else answers now. */
export function isClosing(res: object): boolean {
  return closingResponses.has(res);
}

/**
 * The body of this request may take longer than others: who reads it has a limit of its own. Call it before
 * the body is read.
 */
export function allowLongBody(req: IncomingMessage): void {
  clearTimeout((req as Timed)[BODY_TIMER]);
}

/** On the request itself (deadline.ts says why). */
const BODY_TIMER = Symbol('body timer');
type Timed = IncomingMessage & { [BODY_TIMER]?: NodeJS.Timeout };

/** Node has one limit for all requests (requestTimeout), and none for one of them. */
function limitBody(req: IncomingMessage, res: ServerResponse, bodyMs: number): void {
  if (req.complete) return;
  const timer = setTimeout(() => {
    if (req.complete) return;
    // It has its answer, and does not end: nothing more can be said.
    if (res.headersSent) req.socket.destroy();
    else answerNoise(Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), req.socket);
  }, bodyMs);
  (req as Timed)[BODY_TIMER] = timer;
  req.on('close', () => clearTimeout(timer));
}

/**
 * The time limit for the headers of a request, counted from its first byte. An idle connection has
 * sent no byte of a request, so this limit does not cut it.
 */
const HEADERS_MS = 10_000;
/** For the body, counted from the end of the headers. */
const BODY_MS = 30_000;

export type ListenOptions = {
  host: string;
  port: number;
  /** Of the settings that say so, for a message; by default those of the API. */
  names?: { host: string; port: string };
  /**
   * How long a connection may be idle between two requests; it must be longer than the proxy's own
   * limit, which mostly is 60 s.
   */
  keepAliveS?: number;
  /** For tests. Node looks for late requests every `lookMs`, 30 s by default. */
  headersMs?: number;
  lookMs?: number;
  /** For tests: how long the body of a request may take. */
  bodyMs?: number;
};

/** Listens with the given request listener, such as the app of createApi. */
export async function listen(
  app: RequestListener,
  {
    host,
    port,
    names = NAMES,
    keepAliveS = 75,
    headersMs = HEADERS_MS,
    lookMs = 30_000,
    bodyMs = BODY_MS,
  }: ListenOptions,
): Promise<ApiServer> {
  const open = createSlots<ServerResponse>();
  const sockets = new Set<Socket>();
  let closing = false;
  const server = createServer({
    headersTimeout: headersMs,
    requestTimeout: 0,
    keepAliveTimeout: keepAliveS * 1000,
    connectionsCheckingInterval: lookMs,
  });
  server.on('request', (req, res) => {
    limitBody(req, res, bodyMs);
    const slot = open.add(res);
    // It comes once; `once` would wrap each listener and take it away again.
    res.on('close', () => open.remove(slot));
    if (closing) {
      res.setHeader('Connection', 'close');
      closingResponses.add(res);
    }
    app(req, res);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', answerNoise);

  const bound = await bind(server, { host, port, names });

  function close(graceMs = 5_000): Promise<void> {
    closing = true;
    for (const res of open.all()) {
      if (!res.headersSent) res.setHeader('Connection', 'close');
      closingResponses.add(res);
      res.emit(CLOSING);
    }
    // Idle connections, and connections that were never used (which Node does not count as idle),
    // would keep the server open.
    const busy = new Set(open.all().map((res) => res.socket));
    for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
    return new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }

  return { url: urlOf(host, bound), port: bound, close };
}

/** The port that it got: another one if 0 was asked for. */
async function bind(
  server: Server,
  { host, port, names }: Required<Pick<ListenOptions, 'host' | 'port' | 'names'>>,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(listenError(error, { who: 'The API', host, port, settings: names })),
    );
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

/** Bytes that are not an HTTP request get an answer too; they never reach the app. */
function answerNoise(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const kinds: Record<string, [ProblemCode, string]> = {
    HPE_HEADER_OVERFLOW: ['headers_too_large', 'All headers together may have at most 16 KiB.'],
    ERR_HTTP_REQUEST_TIMEOUT: [
      'request_timeout',
      'Headers must arrive within 10 s, a whole request within 30 s.',
    ],
  };
  const [code, detail] = kinds[error.code ?? ''] ?? [
    'malformed_request',
    'The bytes that arrived are not an HTTP/1.1 request.',
  ];
  const problem = new Problem(code, detail);
  const requestId = newEventId(new Date());
  const text = JSON.stringify(problemDocument(problem, requestId));
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      'Connection: close',
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(text)}`,
      `X-Request-Id: ${requestId}`,
      '',
      text,
    ].join('\r\n'),
  );
}
