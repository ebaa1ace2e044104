// A view becomes an answer: inside the frame, with the cookies that the visit brought about.

import { createAssets } from './assets.ts';
import { cookieOf } from './cookies.ts';
import type { Visitor } from './gate.ts';
import { layout, THEMES } from './layout.ts';
import { navigationOf } from './matching.ts';
import type { PageRoute, View } from './page.ts';
import { may } from './scopes.ts';
import type { Standing } from './standing.ts';

/** What the server knows of a request besides the request. */
export type From = {
  /** The browser's. */
  address: string;
  requestId: string;
  /** Aborted when the browser has closed the connection. */
  close: AbortSignal;
};

/** One request on its way through. */
export type Visit = From & { request: Request; url: URL; host: string; path: string; visitor: Visitor };

/** `standing`: where it was asked for already, beside what the view took to make. */
export type Draw = (visit: Visit, view: View, standing?: Promise<Standing | null>) => Promise<Response>;

export type DrawingDeps = {
  pages: readonly PageRoute[];
  environment: string;
  /** What the head of the page shows to the person of a visit. */
  standingOf: (visit: Visit) => Promise<Standing | null>;
  now: () => Date;
};

export function createDrawing({ pages, environment, standingOf, now }: DrawingDeps) {
  const assets = createAssets();
  const nav = navigationOf(pages);

  const draw: Draw = async (visit, view, asked) => {
    const { visitor, url, path, requestId, request } = visit;
    const { me } = visitor;
    const standing = me === null ? null : await (asked ?? standingOf(visit));
    const theme = cookieOf(request, 'twinbox_theme');
    const frame = {
      me,
      path,
      address: path + url.search,
      nav: me === null ? [] : nav.filter(({ scope }) => may(me.scope, scope)),
      requestId,
      attention: standing?.needPerson ?? null,
      environment: namedMode(standing) ?? environment,
      theme: THEMES.find((each) => each === theme) ?? 'auto',
      token: visitor.token,
      assets: await assets.addresses(),
      now: now(),
      q: path === '/console/find' ? (url.searchParams.get('q') ?? '') : '',
    };
    const headers = new Headers({ 'Content-Type': 'text/html; charset=utf-8' });
    for (const cookie of visitor.cookies) headers.append('Set-Cookie', cookie);
    return new Response(layout(frame, view).toString(), { status: view.status ?? 200, headers });
  };

  return { draw, asset: assets.answer };
}

function namedMode(standing: Standing | null): string | null {
  if (standing === null || standing.isLive === null) return null;
  return standing.isLive ? 'live' : 'test';
}

export function seeOther(to: string, ...cookies: string[]): Response {
  const headers = new Headers({ Location: to });
  for (const cookie of cookies) headers.append('Set-Cookie', cookie);
  return new Response(null, { status: 303, headers });
}

export function plainText(status: number, text: string): Response {
  return new Response(text, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
}
