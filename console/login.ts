// An API key becomes a session. A form that was sent after its session had ended is kept over the log-in, and is
// sent only when the person says so: nothing was done before, and nothing is done twice.

import { html, type Html } from './html.ts';
import type { View } from './page.ts';
import { value } from './parts.ts';

/** A form that was not carried out. */
export type Kept = { to: string; fields: (readonly [name: string, value: string])[] };

export type LoginForm = {
  token: string;
  /** Where to go afterwards, with /console. */
  next: string;
  kept: Kept | null;
  /** A one-time link that was opened. */
  link?: string;
  problem?: { title: string; detail: string };
  /** Whether a session was there and has ended. */
  ended?: boolean;
};

export function loginView({ token, next, kept, link, problem, ended = false }: LoginForm): View {
  const hidden = html`<input type="hidden" name="token" value="${token}" /><input
      type="hidden"
      name="next"
      value="${next}"
    />${kept !== null && html`<input type="hidden" name="kept" value="${JSON.stringify(kept)}" />`}`;
  return {
    title: 'Log in',
    status: problem || ended || kept ? 401 : 200,
    main: html`${ended && html`<p class="note wait">The session has ended, or its key was revoked.</p>`}${kept !== null && html`<p class="note wait">Nothing was done yet. What you filled in is kept: after the log-in you see it again, and send it.</p>`}${problem && html`<p class="note bad" role="alert"><b>${problem.title}.</b> ${problem.detail}</p>`}
      <form method="post" action="/console/login" class="card login">
        ${hidden}${
          link === undefined
            ? html`<label for="key">API key</label
                ><input
                  id="key"
                  name="key"
                  type="password"
                  autocomplete="current-password"
                  required
                  spellcheck="false"
                  autofocus
                /><button>Log in</button>
                <p class="quiet">
                  What you may do is what the key may do.
                  <code>npx twinbox keys create NAME --scope viewer</code> makes one; the session ends after
                  12 hours, or with its key.
                </p>`
            : html`<input type="hidden" name="link" value="${link}" />
                <p>This link opens the console once, with the first key of the settings.</p>
                <button>Open the console</button>`
        }
      </form>`,
  };
}

/** After the log-in: what was not carried out, ready to be sent. */
export function keptView(kept: Kept, token: string): View {
  return {
    title: 'Send it now?',
    main: html`<p>The session had ended before this form was sent. Nothing of it was done.</p>
      ${keptForm(kept, token, 'Send it now')}`,
  };
}

/** What was filled in, to be looked at and sent as it is. */
export function keptForm({ to, fields }: Kept, token: string, button: string): Html {
  const own = fields.filter(([name]) => name !== 'token');
  return html`<form method="post" action="${to}" class="card act">
    <input
      type="hidden"
      name="token"
      value="${token}"
    />${own.map(([name, text]) => html`<input type="hidden" name="${name}" value="${text}" />`)}
    <dl class="facts">
      ${own
        .filter(([name]) => name !== 'once')
        .map(
          ([name, text]): Html =>
            html`<dt>${name}</dt>
              <dd>${value(text)}</dd>`,
        )}
    </dl>
    <button>${button}</button> <a href="/console">Leave it</a>
  </form>`;
}

/** Null if the text is none of ours: it comes back through the browser. */
export function readKept(text: string | null, isAct: (path: string) => boolean): Kept | null {
  if (text === null) return null;
  try {
    const { to, fields } = (JSON.parse(text) ?? {}) as Partial<Kept>;
    if (typeof to !== 'string' || !to.startsWith('/console/') || !isAct(to)) return null;
    if (!Array.isArray(fields)) return null;
    const pairs = fields.filter(
      (pair) => Array.isArray(pair) && pair.every((each) => typeof each === 'string'),
    );
    return { to, fields: pairs };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** An address of the console, whatever was asked for. It becomes a header, which has only characters of ASCII. */
export function safeNext(text: string | null): string {
  if (text === null || !/^\/console(?:[/?][!-[\]-~]*)?$/.test(text)) return '/console';
  const { pathname } = new URL(text, 'http://console');
  return /^\/console(\/|$)/.test(pathname) ? text : '/console';
}
