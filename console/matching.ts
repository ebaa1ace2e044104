// Which route a path leads to.

import type { Nav, PageRoute } from './page.ts';
import type { Scope } from './scopes.ts';

/** The first route that a path fits, with what stands in the places of its names. The path is with /console. */
export function match<R extends { path: string }>(
  routes: readonly R[],
  path: string,
): { route: R; params: Record<string, string> } | null {
  const given = path.replace(/^\/console\/?/, '').split('/');
  for (const route of routes) {
    const params = paramsOf(route.path.slice(1).split('/'), given);
    if (params) return { route, params };
  }
  return null;
}

function paramsOf(wanted: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  const fits = wanted.every((part, at) => {
    const text = given[at] ?? '';
    if (!part.startsWith(':')) return part === text;
    params[part.slice(1)] = decoded(text);
    return text !== '';
  });
  return fits ? params : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** The pages that the head of every page leads to, in their order. */
export function navigationOf(routes: readonly PageRoute[]): (Nav & { to: string; scope: Scope })[] {
  return routes
    .flatMap(({ nav, path, scope }) =>
      nav ? [{ ...nav, scope, to: path === '/' ? '/console' : `/console${path}` }] : [],
    )
    .toSorted((a, b) => a.order - b.order);
}
