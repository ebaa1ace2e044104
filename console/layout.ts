// The frame around every page. It has no script and no style of its own: the policy of the console allows none.

import { html, type Html } from './html.ts';
import type { Me, Nav, View } from './page.ts';
import { sameElsewhere } from './parts.ts';

export type Frame = {
  /** Null on the page that asks for a key. */
  me: Me | null;
  /** Of the page, with /console. */
  path: string;
  /** Of the page, as it was asked for. */
  address: string;
  nav: readonly (Nav & { to: string })[];
  /** How many need a person; null if it is not known. */
  attention: number | null;
  /** Such as `test` or `live`. */
  environment: string;
  theme: Theme;
  token: string;
  requestId: string;
  assets: { css: string; js: readonly string[] };
  q: string;
  /** Of the server: the clock of the browser may be off. */
  now: Date;
};

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const MARK = html`<svg
  width="20"
  height="20"
  viewBox="0 0 20 20"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  aria-hidden="true"
>
  <rect x="1" y="1" width="12" height="12" rx="3" />
  <rect x="7" y="7" width="12" height="12" rx="3" />
</svg>`;

export function layout(frame: Frame, view: View): Html {
  const { me, environment, theme, assets } = frame;
  return html`<!doctype html>
    <html lang="en" data-theme="${theme}" ${environment === 'live' && html` data-env="live"`}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${view.title} · Twinbox</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${assets.css}" />
        ${assets.js.map((src) => html`<script src="${src}" defer></script>`)}
      </head>
      <body>
        <a class="skip" href="#main">To the page</a>
        <header class="top">
          <a class="brand" href="/console">${MARK} Twinbox</a>
          ${me !== null && navigation(frame)} ${me !== null && find(frame.q, 'find', true)}
          <span
            class="live"
            id="live"
            role="status"
            data-at="${frame.now.toISOString().slice(11, 19)}"
            hidden
          ></span>
          <span class="quiet utc" title="All times are UTC">UTC</span>
          <span class="env">${environment}</span>
        </header>
        <main id="main" tabindex="-1">
          ${crumbs(view)}
          <div class="head">
            <h1>${view.heading ?? view.title}</h1>
            ${view.pill}${view.actions && html`<div class="actions">${view.actions}</div>`}
          </div>
          ${view.main}
        </main>
        ${foot(frame, view)}
      </body>
    </html> `;
}

function navigation({ nav, path, attention }: Frame): Html {
  return html`<nav aria-label="Pages">
    ${nav.map(({ text, key, to }) => {
      const isHere = to === '/console' ? path === to : path === to || path.startsWith(`${to}/`);
      // Always there, so that a page that is open can show and hide it.
      const badge = text === 'Attention';
      return html`<a href="${to}" data-go="${key}" ${isHere && html` aria-current="page"`}
        >${text}${badge && html` <span class="badge" id="needs" data-live="part" ${!attention && html` hidden`}>${attention ?? 0}</span>`}</a
      >`;
    })}
  </nav>`;
}

/** The box that takes any id. */
export function find(q: string, name: string, isShortcut: boolean): Html {
  return html`<form
    class="find"
    role="search"
    aria-label="${isShortcut ? 'Find' : 'Find another'}"
    action="/console/find"
  >
    <input
      type="search"
      name="q"
      id="${name}"
      value="${q}"
      placeholder="any id, email, cus_…, evt_…"
      aria-label="Any id or email"
      autocomplete="off"
      ${isShortcut && html` data-find`}
    />${isShortcut ? html`<kbd aria-hidden="true">/</kbd>` : html` <button>Find</button>`}
  </form>`;
}

function crumbs({ crumbs: above = [] }: View): Html | false {
  if (above.length === 0) return false;
  return html`<nav class="crumbs" aria-label="Above">
    ${above.map(([text, to], at) => [at > 0 && ' / ', to === null ? html`<code>${text}</code>` : html`<a href="${to}">${text}</a>`])}
  </nav>`;
}

function foot({ me, theme, token, address, requestId }: Frame, { same = {} }: View): Html {
  return html`<footer>
    ${sameElsewhere(same)}
    <div class="foot">
      <form method="post" action="/console/theme" class="theme" aria-label="Colours">
        <input type="hidden" name="token" value="${token}" /><input
          type="hidden"
          name="next"
          value="${address}"
        />${THEMES.map((each) => html`<button name="theme" value="${each}" aria-pressed="${each === theme ? 'true' : 'false'}">${each}</button>`)}
      </form>
      <button type="button" class="plain" popovertarget="keys">Keys <kbd>?</kbd></button>
      ${me !== null && me.name !== null && html`<form method="post" action="/console/logout"><input type="hidden" name="token" value="${token}" /><span class="quiet">${me.name} · ${me.scope}</span> <button class="plain">Log out</button></form>`}
      <span class="quiet">request <code>${requestId}</code></span>
    </div>
    <div id="keys" popover>
      <h2>Keys</h2>
      <dl>
        ${KEYS.map(
          ([key, does]) =>
            html`<dt><kbd>${key}</kbd></dt>
              <dd>${does}</dd>`,
        )}
      </dl>
    </div>
  </footer>`;
}

const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['/', 'find'],
  ['j k', 'next, previous row'],
  ['Enter', 'open the row'],
  ['o', 'fold out or in'],
  ['r', 'replay…'],
  ['g o', 'overview'],
  ['g c', 'customers'],
  ['g e', 'events'],
  ['g a', 'attention'],
  ['g f', 'conflicts'],
  ['g p', 'replays'],
  ['g h', 'health'],
  ['g u', 'audit'],
  ['Esc', 'leave a field'],
];
