// The operators' console: requests in, pages out, both as the web has them, so that a test needs no server. It
// is a client of the API over HTTP, with the rights of the person who looks.

import { createApi, ApiError, type Api } from './api.ts';
import { createAssets } from './assets.ts';
import { createChanges } from './changes.ts';
import { cookieOf, randomId, setCookie } from './cookies.ts';
import { createGate, isSameOrigin, refuseForm, type SessionSource, type Visitor } from './gate.ts';
import { layout, THEMES, type Theme } from './layout.ts';
import { keptView, loginView, readKept, safeNext, type Kept } from './login.ts';
import type { ActRoute, Asked, PageRoute, Seen, View } from './page.ts';
import { notAllowed, problemView, unknownPage, wrongView } from './problem-pages.ts';
import { acts, pages } from './routes.ts';
import { may, scopeOf } from './scopes.ts';
import { SESSION_MS } from './session.ts';

export type ConsoleDeps = {
  /** Where the API of this process answers, such as http://127.0.0.1:8000. */
  api: { origin: () => string; fetch?: typeof fetch; limitMs?: number };
  session: SessionSource;
  clock: { now(): Date };
  /** Such as `test`; in `live` every page has a red line at its top. */
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

export type From = {
  /** The browser's. */
  address: string;
  requestId: string;
  /** Aborted when the browser has closed the connection. */
  close: AbortSignal;
};

export type Console = { respond(request: Request, from: From): Promise<Response> };

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

const LIMIT_MS = 10_000;

/** One request on its way through. */
type Visit = From & { request: Request; url: URL; host: string; path: string; visitor: Visitor };

export function createConsole(deps: ConsoleDeps): Console {
  const { api, clock, session, environment, log, routes = { pages, acts } } = deps;
  const ask = api.fetch ?? fetch;
  const now = () => clock.now();
  const gate = createGate({ session, now, anyHost: deps.anyHost });
  const assets = createAssets();
  const changes = createChanges({ origin: api.origin, fetch: ask, log, ...(deps.mostListeners !== undefined && { most: deps.mostListeners }) });
  const attentionOf = rememberAttention(() => now().getTime());

  const apiFor = ({ visitor, requestId }: Visit): Api =>
    createApi({ origin: api.origin(), key: visitor.key, requestId, fetch: ask, limitMs: api.limitMs ?? LIMIT_MS });

  async function draw(visit: Visit, view: View, attention: number | null = null): Promise<Response> {
    const { visitor, url, path, requestId, request } = visit;
    const frame = {
      me: visitor.me,
      path,
      address: path + url.search,
      nav: navigation(routes.pages),
      attention,
      environment,
      isLive: environment === 'live',
      theme: themeOf(request),
      token: visitor.token,
      requestId,
      assets: await assets.addresses(),
      q: path === '/console/find' ? (url.searchParams.get('q') ?? '') : '',
    };
    const response = new Response(layout(frame, view).toString(), {
      status: view.status ?? 200,
      headers: { 'Content-Type': 'text/html; charset=utf-8' },
    });
    for (const cookie of visitor.cookies) response.headers.append('Set-Cookie', cookie);
    return response;
  }

  /** The page that asks for a key, with what was sent in vain. */
  function askForKey(visit: Visit, kept: Kept | null, ended: boolean): Promise<Response> {
    const next = kept === null ? visit.path + visit.url.search : '/console';
    return draw(visit, loginView({ token: visit.visitor.token, next, kept, ended }));
  }

  async function show(visit: Visit): Promise<Response> {
    const { visitor, path } = visit;
    if (visitor.me === null) return askForKey(visit, null, cookieOf(visit.request, 'twinbox_session') !== null);
    const found = match(routes.pages, path);
    if (!found) return draw(visit, unknownPage());
    if (!may(visitor.me.scope, found.route.scope))
      return draw(visit, notAllowed(found.route.scope, visitor.me.scope));
    const asked = askedOf(visit, visitor.me, found.params);
    const [view, attention] = await Promise.all([
      found.route.answer(asked, seenOf(visit, asked)).catch((error: unknown) => error),
      attentionOf(visitor.key, asked.api),
    ]);
    if (isEnded(view)) return askForKey(forget(visit), null, true);
    return draw(visit, isView(view) ? view : failed(visit, view), attention);
  }

  async function act(visit: Visit, form: URLSearchParams): Promise<Response> {
    const { visitor, path } = visit;
    const kept = { to: path, fields: [...form].filter(([name]) => name !== 'token') };
    const found = match(routes.acts, path);
    if (!found) return draw(visit, unknownPage());
    if (visitor.me === null) return askForKey(visit, kept, true);
    const refusal = refuseForm(visit.request, visitor, form);
    if (refusal) return draw(visit, wrongView(refusal));
    if (!may(visitor.me.scope, found.route.scope))
      return draw(visit, notAllowed(found.route.scope, visitor.me.scope));
    const asked = askedOf(visit, visitor.me, found.params);
    const once = /^[\w-]{24}$/.test(form.get('once') ?? '') ? (form.get('once') ?? '') : randomId();
    const done = await found.route.act({ ...asked, form, once }, seenOf(visit, asked)).catch((error: unknown) => error);
    if (typeof done === 'string') return seeOther(safeNext(done));
    if (isEnded(done)) return askForKey(forget(visit), kept, true);
    return draw(visit, isView(done) ? done : failed(visit, done));
  }

  function failed(visit: Visit, error: unknown): View {
    const view = problemView(error);
    if (view) return view;
    log.error('console.failed', { request_id: visit.requestId, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return wrongView({ status: 500, title: 'The console failed', detail: 'This is a fault of Twinbox. The log has it under the request id below.' });
  }

  /** The same browser without its session: its key was revoked, or is not known any more. */
  function forget(visit: Visit): Visit {
    const visitor = gate.withoutSession(visit.request, visit.visitor.seals);
    visitor.cookies.push(setCookie(visit.host, 'twinbox_session', '', 0));
    return { ...visit, visitor };
  }

  async function logIn(visit: Visit, form: URLSearchParams): Promise<Response> {
    const { visitor, host, address } = visit;
    const next = safeNext(form.get('next'));
    const kept = readKept(form.get('kept'), (path) => match(routes.acts, path) !== null);
    const again = (title: string, detail: string, status = 401) =>
      draw(visit, { ...loginView({ token: visitor.token, next, kept, problem: { title, detail } }), status });
    const refusal = refuseForm(visit.request, visitor, form);
    if (refusal) return again(refusal.title, 'Send it once more from this page. Cookies have to be allowed.', 403);
    const link = form.get('link');
    const key = link === null ? (form.get('key') ?? '').trim() : session.takeLink(link);
    if (key === null) return again('This link was used, or is too old', 'Start Twinbox again for a new one, or log in with a key.');
    const check = await session.checkKey(key, address);
    if (!check.ok) return again(check.title, check.detail, check.status);
    const scope = scopeOf(check.scope);
    if (scope === null) return again('This key opens no pages', `A key with the scope ${check.scope} can do one thing alone, and that is not looking.`, 403);
    const opened = { id: randomId(), key, scope, name: check.name };
    const cookie = setCookie(host, 'twinbox_session', visitor.seals.seal(opened), SESSION_MS / 1_000);
    if (kept === null) return seeOther(next, cookie);
    const mine = gate.ofSession(opened, visitor.seals);
    return draw({ ...visit, visitor: { ...mine, cookies: [cookie] } }, keptView(kept, mine.token));
  }

  async function post(visit: Visit): Promise<Response> {
    const { visitor, path, request, host } = visit;
    const form = new URLSearchParams(await request.text());
    if (!isSameOrigin(request)) return draw(visit, wrongView({ status: 403, title: 'This form came from another site', detail: 'Nothing was done. Open the console and send the form from there.' }));
    if (path === '/console/login') return logIn(visit, form);
    if (path !== '/console/logout' && path !== '/console/theme') return act(visit, form);
    const refusal = refuseForm(request, visitor, form);
    if (refusal) return draw(visit, wrongView(refusal));
    if (path === '/console/logout') return seeOther('/console/login', setCookie(host, 'twinbox_session', '', 0));
    const theme = THEMES.find((each) => each === form.get('theme')) ?? 'auto';
    return seeOther(safeNext(form.get('next')), setCookie(host, 'twinbox_theme', theme, 31_536_000));
  }

  async function get(visit: Visit): Promise<Response> {
    const { visitor, path, url, close } = visit;
    if (path === '/console/changes')
      return visitor.me === null ? new Response(null, { status: 401 }) : changes.listen(visitor.key, close);
    if (path !== '/console/login') return show(visit);
    const next = safeNext(url.searchParams.get('next'));
    const link = url.searchParams.get('link');
    if (visitor.me !== null) return seeOther(next);
    return draw(visit, loginView({ token: visitor.token, next, kept: null, ...(link !== null && { link }) }));
  }

  async function answer(request: Request, from: From): Promise<Response> {
    const url = new URL(request.url);
    const path = url.pathname.replace(/(?<=.)\/+$/, '');
    const asset = await assets.answer(request, path.replace('/console/', ''));
    if (asset) return asset;
    const visitor = await gate.identify(request);
    if ('status' in visitor)
      return new Response(`${visitor.title}.\n${visitor.detail}\n`, { status: visitor.status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
    const visit = { ...from, request, url, path, host: request.headers.get('Host') ?? '', visitor };
    if (request.method === 'POST') return post(visit);
    if (request.method === 'GET' || request.method === 'HEAD') return get(visit);
    return new Response(null, { status: 405, headers: { Allow: 'GET, HEAD, POST' } });
  }

  function askedOf(visit: Visit, me: NonNullable<Visitor['me']>, params: Record<string, string>): Asked {
    return { api: apiFor(visit), params, query: visit.url.searchParams, now: now(), me };
  }

  return {
    async respond(request, from) {
      const response = await answer(request, from).catch((error: unknown) => {
        log.error('console.failed', { request_id: from.requestId, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        return new Response(`The console cannot answer now; the database may be away. Try again.\nrequest ${from.requestId}\n`, { status: 503, headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '2' } });
      });
      for (const [name, value] of Object.entries(HEADERS))
        if (!response.headers.has(name)) response.headers.set(name, value);
      return response;
    },
  };
}

function seenOf({ path, visitor }: Visit, { params, query, now, me }: Asked): Seen {
  return { params, query, now, me, path, token: visitor.token, once: randomId() };
}

function seeOther(to: string, ...cookies: string[]): Response {
  const response = new Response(null, { status: 303, headers: { Location: to } });
  for (const cookie of cookies) response.headers.append('Set-Cookie', cookie);
  return response;
}

/** The key does not count any more. */
function isEnded(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.status === 401;
}

function isView(made: unknown): made is View {
  return typeof made === 'object' && made !== null && 'main' in made;
}

function themeOf(request: Request): Theme {
  const given = cookieOf(request, 'twinbox_theme');
  return THEMES.find((each) => each === given) ?? 'auto';
}

function navigation(routes: readonly PageRoute[]) {
  return routes
    .flatMap(({ nav, path }) => (nav ? [{ ...nav, to: path === '/' ? '/console' : `/console${path}` }] : []))
    .toSorted((a, b) => a.order - b.order);
}

/** The first route that a path fits, with what stands in the places of its names. */
export function match<R extends { path: string }>(routes: readonly R[], path: string): { route: R; params: Record<string, string> } | null {
  const given = path.replace(/^\/console\/?/, '').split('/');
  for (const route of routes) {
    const wanted = route.path.slice(1).split('/');
    if (wanted.length !== given.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((part, at) => {
      const text = given[at] ?? '';
      if (!part.startsWith(':')) return part === text;
      params[part.slice(1)] = decoded(text);
      return text !== '';
    });
    if (fits) return { route, params };
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** How many need a person, at most 5 s old: every page shows it. */
function rememberAttention(now: () => number) {
  let known = new Map<string, { at: number; count: Promise<number | null> }>();
  return (key: string | null, api: Api): Promise<number | null> => {
    const found = known.get(key ?? '');
    if (found && now() - found.at < 5_000) return found.count;
    if (known.size > 100) known = new Map();
    const count = api.get('/api/v1/groups').then(
      (groups) => groups.reduce((sum, group) => sum + group.parked + group.waiting, 0),
      () => null,
    );
    known.set(key ?? '', { at: now(), count });
    return count;
  };
}
