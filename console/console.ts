// The operators' console: requests in, pages out, both as the web has them, so that a test needs no server. It
// is a client of the API over HTTP, with the rights of the person who looks.

import { createApi, ApiError, type Api } from './api.ts';
import { createChanges } from './changes.ts';
import { cookieOf, randomId, setCookie } from './cookies.ts';
import { createDrawing, plainText, seeOther, type From, type Visit } from './drawing.ts';
import { createEntrance } from './entrance.ts';
import { createGate, fromElsewhere, isSameOrigin, refuseForm, type SessionSource } from './gate.ts';
import { THEMES } from './layout.ts';
import { keptForm, safeNext, type Kept } from './login.ts';
import { match } from './matching.ts';
import type { ActRoute, Asked, Me, PageRoute, Seen, View } from './page.ts';
import { failedView, notAllowed, problemView, unknownPage, unsureView, wrongView } from './problem-pages.ts';
import { acts, pages } from './routes.ts';
import { may } from './scopes.ts';
import { createStanding, type Standing } from './standing.ts';

export type ConsoleDeps = {
  /** Where the API of this process answers, such as http://127.0.0.1:8000. */
  api: { origin: () => string; fetch?: typeof fetch; limitMs?: number };
  session: SessionSource;
  clock: { now(): Date };
  /** Shown until it is known whether the records are real: `test`, or `live` with a red line at the top. */
  environment: string;
  /** Whether an API without keys may be asked under any name. */
  anyHost: boolean;
  log: {
    warn(message: string, fields?: Record<string, unknown>): void;
    error(message: string, fields?: Record<string, unknown>): void;
  };
  /** For tests. */
  routes?: { pages: readonly PageRoute[]; acts: readonly ActRoute[] };
  mostListeners?: number;
};

export type Console = { respond(request: Request, from: From): Promise<Response> };

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

const YEAR_S = 31_536_000;

export function createConsole(deps: ConsoleDeps): Console {
  const { api, clock, session, log, environment, routes = { pages, acts }, mostListeners } = deps;
  const now = () => clock.now();
  const gate = createGate({ session, now, anyHost: deps.anyHost });
  const standings = createStanding(now);
  const standingOf = (visit: Visit) => standings(visit.visitor.key, clientOf(api, visit));
  const { draw, asset } = createDrawing({ pages: routes.pages, environment, standingOf, now });
  const isAct = (path: string) => match(routes.acts, path) !== null;
  const entrance = createEntrance({ session, draw, isAct });
  const changes = createChanges({ ...api, log, ...(mostListeners && { most: mostListeners }) });
  const parts = { deps, routes, now, draw, gate, entrance, standingOf };
  const show = createShow(parts);
  const act = createAct(parts);

  async function get(visit: Visit): Promise<Response> {
    const { visitor, path, close } = visit;
    if (path === '/console/login') return entrance.show(visit);
    if (path !== '/console/changes') return show(visit);
    return visitor.me === null ? plainText(401, '') : changes.listen(visitor.key, close);
  }

  async function post(visit: Visit): Promise<Response> {
    const { visitor, path, request, host } = visit;
    const form = new URLSearchParams(await request.text());
    if (!isSameOrigin(request)) return draw(visit, wrongView(fromElsewhere));
    if (path === '/console/login') return entrance.enter(visit, form);
    if (path !== '/console/logout' && path !== '/console/theme') return act(visit, form);
    const refusal = refuseForm(request, visitor, form);
    if (refusal) return draw(visit, wrongView(refusal));
    if (path === '/console/logout')
      return seeOther('/console/login', setCookie(host, 'twinbox_session', '', 0));
    const theme = THEMES.find((each) => each === form.get('theme')) ?? 'auto';
    return seeOther(safeNext(form.get('next')), setCookie(host, 'twinbox_theme', theme, YEAR_S));
  }

  async function answer(request: Request, from: From): Promise<Response> {
    const url = new URL(request.url);
    const path = url.pathname.replace(/(?<=.)\/+$/, '');
    const { method } = request;
    const file = await asset(request, path.replace('/console/', ''));
    if (file) return file;
    const visitor = await gate.identify(request);
    if ('status' in visitor) return plainText(visitor.status, `${visitor.title}.\n${visitor.detail}\n`);
    const visit = { ...from, request, url, path, host: request.headers.get('Host') ?? '', visitor };
    if (method === 'POST') return post(visit);
    if (method === 'GET' || method === 'HEAD') return get(visit);
    return new Response(null, { status: 405, headers: { Allow: 'GET, HEAD, POST' } });
  }

  return {
    async respond(request, from) {
      const response = await answer(request, from).catch((error: unknown) => {
        note(log, from, error);
        return plainText(
          503,
          `The console cannot answer now; the database may be away. Try again.\nrequest ${from.requestId}\n`,
        );
      });
      for (const [name, value] of Object.entries(HEADERS))
        if (!response.headers.has(name)) response.headers.set(name, value);
      return response;
    },
  };
}

type Parts = {
  deps: ConsoleDeps;
  routes: { pages: readonly PageRoute[]; acts: readonly ActRoute[] };
  now: () => Date;
  draw: ReturnType<typeof createDrawing>['draw'];
  gate: ReturnType<typeof createGate>;
  entrance: ReturnType<typeof createEntrance>;
  standingOf: (visit: Visit) => Promise<Standing | null>;
};

/** Answers a page. */
function createShow(parts: Parts) {
  const { routes, draw, entrance, standingOf } = parts;
  return async (visit: Visit): Promise<Response> => {
    const { visitor, path, request } = visit;
    const { me } = visitor;
    if (me === null) return entrance.askForKey(visit, null, cookieOf(request, 'twinbox_session') !== null);
    const found = match(routes.pages, path);
    if (!found) return draw(visit, unknownPage());
    const { route, params } = found;
    if (!may(me.scope, route.scope)) return draw(visit, notAllowed(route.scope, me.scope));
    const asked = askedOf(parts, visit, me, params);
    const standing = standingOf(visit);
    const made = await route
      .answer(asked, seenOf(parts, visit, asked))
      .catch((error: unknown) => ({ error }));
    if ('instead' in made) return seeOther(safeNext(made.instead));
    if (!('error' in made)) return draw(visit, made, standing);
    if (isEnded(made.error)) return entrance.askForKey(forget(parts, visit), null, true);
    return draw(visit, viewOf(parts, visit, made.error), standing);
  };
}

/** Carries a form out, once it is known to be ours. */
function createAct(parts: Parts) {
  const { routes, draw, entrance } = parts;
  return async (visit: Visit, form: URLSearchParams): Promise<Response> => {
    const { visitor, path, request } = visit;
    const { me } = visitor;
    const found = match(routes.acts, path);
    if (!found) return draw(visit, unknownPage());
    const { route, params } = found;
    const given = form.get('once') ?? '';
    const once = /^[\w-]{24}$/.test(given) ? given : randomId();
    const own = [...form].filter(([name]) => name !== 'token' && name !== 'once');
    const kept: Kept = { to: path, fields: [...own, ['once', once]] };
    if (me === null) return entrance.askForKey(visit, kept, true);
    const refusal = refuseForm(request, visitor, form);
    if (refusal) return draw(visit, wrongView(refusal));
    if (!may(me.scope, route.scope)) return draw(visit, notAllowed(route.scope, me.scope));
    const asked = askedOf(parts, visit, me, params);
    const made = await route
      .act({ ...asked, form, once }, seenOf(parts, visit, asked))
      .catch((error: unknown) => ({ error }));
    if (typeof made === 'string') return seeOther(safeNext(made));
    if (!('error' in made)) return draw(visit, made);
    if (isEnded(made.error)) return entrance.askForKey(forget(parts, visit), kept, true);
    const again = keptForm(kept, visitor.token, 'Send it again');
    const unsure = made.error instanceof ApiError ? unsureView(made.error, again) : null;
    return draw(visit, unsure ?? viewOf(parts, visit, made.error));
  };
}

const LIMIT_MS = 10_000;

function clientOf(api: ConsoleDeps['api'], { visitor, requestId }: Visit): Api {
  const { limitMs = LIMIT_MS, fetch: ask = fetch } = api;
  return createApi({ origin: api.origin(), key: visitor.key, requestId, fetch: ask, limitMs });
}

function askedOf({ deps: { api }, now }: Parts, visit: Visit, me: Me, params: Record<string, string>): Asked {
  return { api: clientOf(api, visit), params, query: visit.url.searchParams, now: now(), me };
}

function seenOf({ routes }: Parts, { path, visitor }: Visit, asked: Asked): Seen {
  const { params, query, now, me } = asked;
  const knows = (wanted: string) => routes.pages.some((route) => route.path === wanted);
  return { params, query, now, me, path, token: visitor.token, once: randomId(), knows };
}

/** The key does not count any more. */
function isEnded(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** The same browser without its session: its key was revoked, or is not known any more. */
function forget({ gate }: Parts, visit: Visit): Visit {
  const visitor = gate.withoutSession(visit.request, visit.visitor.seals);
  return {
    ...visit,
    visitor: { ...visitor, cookies: [...visitor.cookies, setCookie(visit.host, 'twinbox_session', '', 0)] },
  };
}

function viewOf({ deps: { log } }: Parts, visit: Visit, error: unknown): View {
  const view = problemView(error);
  if (view === null) note(log, visit, error);
  return view ?? failedView();
}

function note(log: ConsoleDeps['log'], { requestId }: From, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error('console.failed', { request_id: requestId, error: text });
}
