// How the SDK reaches the network. The SDK's own client limits only the silence on an open socket,
// so an answer that arrives very slowly, or a connection that never opens, would outlast the lease
// of the call; and it sends again by itself when a socket closes (even with maxNetworkRetries 0:
// RequestSender._shouldRetry), for DELETE without a key. With our client one call is one request
// that ends within its time limit, and a failure says whether anything can have been sent.
import http from 'node:http';
import https from 'node:https';
import type { Stripe } from 'stripe';
import { readAnswer, type RawAnswer } from './answer.ts';
import type { SentRequest } from '../../measures.ts';
import { readReplay } from './headers.ts';
import { routeOf } from './route.ts';
import { FOREIGN_ANSWER, SEND_FAILURE, type ForeignAnswer, type SendFailure } from './evidence.ts';

type HttpClient = NonNullable<NonNullable<ConstructorParameters<typeof Stripe>[1]>['httpClient']>;

/** Far above any page of 100 customers: a wrong host must not fill the memory. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const IDLE_SOCKET_MS = 15_000;

/**
 * An HTTP client for the SDK with its own keep-alive agent. We close a socket that is idle for 15
 * s, before the server closes it unnoticed. `tell` hears of each request once it is over.
 */
export function createHttpClient(
  protocol: 'http' | 'https',
  tell?: (request: SentRequest) => void,
): HttpClient {
  const client = createPlainClient(protocol);
  return tell ? { ...client, makeRequest: telling(client.makeRequest, tell) } : client;
}

function createPlainClient(protocol: 'http' | 'https'): HttpClient {
  const transport = protocol === 'http' ? http : https;
  const agent = new transport.Agent({ keepAlive: true, timeout: IDLE_SOCKET_MS });
  return {
    getClientName: () => 'twinbox',
    async makeRequest(host, port, path, method, headers, body, _protocol, timeoutMs) {
      // The SDK's header values are strings, numbers or lists of strings, as node's are.
      const options = { host, port, path, method, agent, headers: headers as http.OutgoingHttpHeaders };
      const answer = await send(() => transport.request(options), protocol, body, timeoutMs);
      // The type ResponseHeaders has no `undefined`; node sets no header to undefined.
      const answered = answer.headers as Record<string, string>;
      return {
        getStatusCode: () => answer.status,
        getHeaders: () => answered,
        getRawResponse: () => ({ headers: answered, statusCode: answer.status }),
        toStream: () => {
          throw new Error('streamed answers are not used');
        },
        toJSON: () => Promise.resolve().then(() => parse(answer)),
      };
    },
  };
}

type Make = HttpClient['makeRequest'];

function telling(make: Make, tell: (request: SentRequest) => void): Make {
  return async (...args) => {
    const [, , path, method] = args;
    const begun = performance.now();
    const over = (status: number | null, replayed: boolean): void =>
      tell({ method, route: routeOf(path), status, replayed, seconds: (performance.now() - begun) / 1000 });
    try {
      const answer = await make(...args);
      over(answer.getStatusCode(), readReplay(answer.getHeaders()['idempotent-replayed']) === 'yes');
      return answer;
    } catch (error) {
      over(null, false);
      throw error;
    }
  };
}

function send(
  open: () => http.ClientRequest,
  protocol: 'http' | 'https',
  body: string,
  timeoutMs: number,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let sent = false;
    let over = false;
    const request = open();
    const fail = (code: string, cause?: unknown): void => {
      if (over) return;
      over = true;
      clearTimeout(deadline);
      // Without a `code` on the error itself, since the SDK would resend after ECONNRESET and
      // EPIPE.
      const failure: SendFailure = { code, sent };
      reject(Object.assign(new Error('no answer from Stripe', { cause }), { [SEND_FAILURE]: failure }));
      request.destroy();
    };
    const deadline = setTimeout(() => fail('ETIMEDOUT'), timeoutMs);
    request.once('socket', (socket) => {
      if (!socket.connecting || request.reusedSocket) sent = true;
      else socket.once(protocol === 'https' ? 'secureConnect' : 'connect', () => (sent = true));
    });
    request.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.name, error));
    // 101: node closes the connection without an error if the request asked for no other protocol.
    request.once('close', () => fail('ECONNRESET'));
    request.once('response', (response) => {
      sent = true;
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) fail('EMSGSIZE');
      });
      response.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.name, error));
      response.once('close', () => {
        if (!response.complete) fail('ECONNRESET');
      });
      response.once('end', () => {
        if (over || !response.complete) return fail('ECONNRESET');
        over = true;
        clearTimeout(deadline);
        const body = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    request.end(body);
  });
}

function parse(answer: RawAnswer): object {
  const json = readAnswer(answer);
  if (json !== null) return json;
  const foreign: ForeignAnswer = { status: answer.status, headers: answer.headers };
  throw Object.assign(new Error('not an answer of Stripe'), { [FOREIGN_ANSWER]: foreign });
}
