// What a page and an act are: pages are pure (`load` asks the API, `view` draws), an act is a form that was
// sent, and ends with the address of what it made.

import type { Api } from './api.ts';
import { html, type Html } from './html.ts';
import { may, type Scope } from './scopes.ts';

export type Me = {
  scope: Scope;
  /** Such as `key:oncall/3f9c1a2b7d04`; null where the API needs no key. */
  name: string | null;
};

export type Asked = {
  api: Api;
  /** What stands in the path: `/customers/:id` has `id`. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  now: Date;
  me: Me;
};

/** What a view knows besides its data. */
export type Seen = Omit<Asked, 'api'> & {
  /** Of the page, with /console; without the query. */
  path: string;
  /** Proves that a form is ours; `form` below puts it in. */
  token: string;
  /** Random for each page: the idempotency key of its acts. */
  once: string;
  /** Whether there is such a page, such as `/replays/new`. */
  knows(path: string): boolean;
};

export type View = {
  /** Of the window, and the heading unless `heading` says more. */
  title: string;
  heading?: Html | string;
  /** Behind the heading. */
  pill?: Html | false;
  /** The pages above, from the outermost on; the page itself is the last. */
  crumbs?: readonly (readonly [text: string, to: string | null])[];
  /** Buttons beside the heading. */
  actions?: Html | readonly Html[] | false;
  main: Html;
  /** The same question as a line for a shell, and as an address of the API. */
  same?: { cli?: string; api?: string };
  status?: number;
  /** Another page that is shown in place of this one. */
  instead?: string;
};

export type Nav = { text: string; /** Behind `g`. */ key: string; order: number };

export type PageRoute = {
  /** Below /console. */
  path: string;
  scope: Scope;
  nav?: Nav;
  answer(asked: Asked, seen: Seen): Promise<View>;
};

export type ActRoute = {
  path: string;
  scope: Scope;
  /** The address to go to (with /console), or a page that shows the form again. */
  act(asked: Asked & { form: URLSearchParams; once: string }, seen: Seen): Promise<string | View>;
};

/** A page whose data has the type T. */
export function page<T>(made: {
  path: string;
  scope: Scope;
  nav?: Nav;
  load(asked: Asked): Promise<T>;
  view(data: T, seen: Seen): View;
}): PageRoute {
  const { path, scope, nav, load, view } = made;
  return { path, scope, ...(nav && { nav }), answer: async (asked, seen) => view(await load(asked), seen) };
}

/** A form that acts; nothing at all for a person who may not. Keep it outside of [data-live]. */
export function form(
  seen: Seen,
  { to, scope, body }: { to: string; scope: Scope; body: Html },
): Html | false {
  if (!may(seen.me.scope, scope)) return false;
  return html`<form method="post" action="/console${to}" class="act">
    <input type="hidden" name="token" value="${seen.token}" /><input
      type="hidden"
      name="once"
      value="${seen.once}"
    />${body}
  </form>`;
}
