// What a view knows besides its data, and what a reader sees of what it draws.
import type { Scope } from '../../console/scopes.ts';
import type { Seen, View } from '../../console/page.ts';
import { html, type Part } from '../../console/html.ts';

export const NOW = new Date('2026-11-29T08:02:00.000Z');

export function seen(
  path: string,
  { scope = 'admin', params = {} }: { scope?: Scope; params?: Record<string, string> } = {},
): Seen {
  const url = new URL(path, 'http://console');
  return {
    params,
    query: url.searchParams,
    now: NOW,
    me: { scope, name: `key:${scope}/1` },
    path: url.pathname,
    token: 'a-token',
    once: 'a'.repeat(24),
    knows: () => true,
  };
}

/** The HTML of all that a view draws. */
export function drawn({ heading, title, pill, actions, crumbs = [], main }: View): string {
  const parts: Part[] = [heading ?? title, pill, actions, crumbs.map(([text]) => text), main];
  return html`${parts}`.toString();
}

/** The text that a reader sees. */
export function shown(view: View): string {
  return drawn(view)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');
}

/** The forms that act, by their addresses. */
export function actsIn(view: View): string[] {
  return [...drawn(view).matchAll(/<form\s+method="post"\s+action="([^"]*)"/g)].map(([, to = '']) => to);
}
