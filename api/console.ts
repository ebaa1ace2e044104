// Mounts the console below /console. The console is a client of this API over HTTP; what it is given here is
// only what no client can ask: whether a key is needed, what sessions are sealed with, and whose keys were wrong.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { Router, type Request as Asked, type Response as Answer } from 'express';
import { createConsole, type Console, type ConsoleDeps as Parts } from '../console/console.ts';
import type { Clock } from '../lib/clock.ts';
import type { ApiKeys } from '../lib/keys/api-keys.ts';
import type { Login } from './auth.ts';
import { Problem } from './problems.ts';
import type { ApiLog } from './requests.ts';
import { requestIdOf } from './responses.ts';

export type ConsoleOptions = {
  /** Where this process answers, such as http://127.0.0.1:8000. */
  origin: () => string;
  /** The port that the console has for itself; null: it is on that of the API. */
  port: number | null;
  /** Shown until it is known whether the records are real. */
  environment: string;
  /** Whether an API without keys may be asked under any name. */
  anyHost: boolean;
  /** The same in every process, and after a restart. */
  secrets: () => Promise<readonly Uint8Array[]>;
  /** The key of a one-time link; null if there is none. */
  takeLink: (link: string) => string | null;
} & Pick<Parts, 'routes' | 'mostListeners'>;

export type ConsoleDeps = ConsoleOptions & {
  keys: Pick<ApiKeys, 'isOpen'>;
  login: Pick<Login, 'tryKey'>;
  clock: Clock;
  log: ApiLog;
  deadlineMs: number;
};

/** A form has a few texts of a person. */
const FORM_LIMIT = '100kb';

export function consoleRoutes(deps: ConsoleDeps): Router {
  const { port } = deps;
  const pages = consoleOf(deps);
  const router = Router();
  router.use((req, res, next) => {
    const isOwn = req.socket.localPort === port;
    const isConsole = /^\/console(\/|\?|$)/.test(req.originalUrl);
    if (isConsole && (port === null || isOwn)) return next();
    if (!isOwn) return next('router');
    // Nothing else is on the console's own port.
    if (req.originalUrl !== '/')
      throw new Problem('not_found', 'This port has the console alone, at /console.');
    res.writeHead(303, { Location: '/console' });
    res.end();
  });
  router.use(express.raw({ type: () => true, limit: FORM_LIMIT }), (req, res) => respond(pages, req, res));
  return router;
}

function consoleOf(deps: ConsoleDeps): Console {
  const { keys, login, deadlineMs, secrets, takeLink, origin, clock, log, environment, anyHost } = deps;
  const { routes, mostListeners } = deps;
  return createConsole({
    api: { origin },
    session: {
      isOpen: () => within(deadlineMs, keys.isOpen()),
      secrets: () => within(deadlineMs, secrets()),
      takeLink,
      async checkKey(key, address) {
        try {
          const { scope, actor } = await within(deadlineMs, login.tryKey(key, address));
          return { ok: true, scope, name: actor };
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          // It was typed into a form.
          const detail = error.message.replace('The key in the header Authorization', 'This');
          return { ok: false, status: error.status, detail };
        }
      },
    },
    ...{ clock, log, environment, anyHost },
    ...(routes && { routes }),
    ...(mostListeners !== undefined && { mostListeners }),
  });
}

async function respond(pages: Console, req: Asked, res: Answer): Promise<void> {
  const close = new AbortController();
  res.once('close', () => close.abort());
  const { method } = req;
  const hasBody = method === 'POST' && Buffer.isBuffer(req.body);
  const asked = new Request(new URL(req.originalUrl, 'http://console'), {
    method: method === 'POST' || method === 'HEAD' ? method : method === 'GET' ? 'GET' : 'PUT',
    headers: Object.entries(req.headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
    ...(hasBody && { body: new Uint8Array(req.body as Buffer) }),
  });
  const from = { address: req.socket.remoteAddress ?? '', requestId: requestIdOf(res), close: close.signal };
  const { status, headers, body } = await pages.respond(asked, from);
  for (const [name, value] of headers) if (name !== 'set-cookie') res.setHeader(name, value);
  res.setHeader('Set-Cookie', headers.getSetCookie());
  res.writeHead(status);
  if (body === null || method === 'HEAD') {
    res.end();
    return;
  }
  await pipeline(Readable.fromWeb(body), res).catch((error: unknown) => {
    // The browser has closed the page.
    if (!close.signal.aborted) throw error;
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`the database did not answer within ${ms / 1_000} s`)),
    ms,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
