// The small things that pages repeat.

import { addressOf } from './api.ts';
import { html, type Html, type Part } from './html.ts';

export type Tone = 'ok' | 'wait' | 'bad' | 'plain';

/** What a state is called, and its colour: colour only where something has to be done, or is being done. */
const STATES: Record<string, readonly [words: string, tone: Tone]> = {
  linked: ['in agreement', 'ok'],
  pending: ['on its way', 'wait'],
  retrying: ['retrying', 'wait'],
  waiting: ['waits for you', 'wait'],
  parked: ['needs you', 'bad'],
  tombstoned: ['deleted', 'plain'],
  detached: ['detached', 'plain'],
  alias: ['second record', 'plain'],
  none: ['no record', 'plain'],
  applied: ['applied', 'ok'],
  confirmed: ['confirmed', 'ok'],
  unconfirmed: ['applied, unconfirmed', 'wait'],
  partly: ['applied in part', 'ok'],
  superseded: ['superseded', 'plain'],
  noop: ['no-op', 'plain'],
  echo: ['echo', 'plain'],
  origin: ['origin', 'plain'],
  conflict: ['kept ours', 'wait'],
  stale: ['outdated', 'plain'],
  closed: ['closed', 'plain'],
  queued: ['on its way', 'wait'],
  running: ['running', 'ok'],
  paused: ['paused', 'wait'],
  stopped: ['stopped', 'bad'],
  failed: ['failed', 'bad'],
  done: ['done', 'ok'],
  cancelled: ['cancelled', 'plain'],
};

/** A state in words; `words` says more than its name. */
export function pill(state: string, words?: string): Html {
  const [text, tone] = STATES[state] ?? [state.replaceAll('_', ' '), 'plain'];
  return html`<span class="pill ${tone}">${words ?? text}</span>`;
}

/** The colour of a state: that of its pill, and of the edge beside it. */
export function toneOf(state: string): Tone {
  return STATES[state]?.[1] ?? 'plain';
}

export function toned(tone: Tone, words: string): Html {
  return html`<span class="pill ${tone}">${words}</span>`;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

/** `Today`, or `Thursday 19 November`; with the year if it is another one. UTC. */
export function dayOf(at: Date, now: Date): string {
  if (at.toISOString().slice(0, 10) === now.toISOString().slice(0, 10)) return 'Today';
  const year = at.getUTCFullYear() === now.getUTCFullYear() ? '' : ` ${at.getUTCFullYear()}`;
  return `${DAYS[at.getUTCDay()] ?? ''} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()] ?? ''}${year}`;
}

/** The time of day, with the day if it is not today; the full instant is the title. UTC. */
export function when(time: string | null, now: Date, { day = true } = {}): Part {
  if (time === null) return html`<span class="quiet">–</span>`;
  const at = new Date(time);
  const full = at.toISOString();
  const isToday = full.slice(0, 10) === now.toISOString().slice(0, 10);
  const date = day && !isToday ? `${full.slice(0, 10)} ` : '';
  return html`<time datetime="${full}" title="${full}">${date}${full.slice(11, 19)}</time>`;
}

/** How long ago by the server's clock: `14 min`. */
export function age(time: string, now: Date): string {
  return duration(Math.max(0, now.getTime() - new Date(time).getTime()));
}

/** `3 ms`, `0.45 s`, `9.8 s`, `14 min`, `3 h`, `2 days`. */
export function duration(ms: number): string {
  const s = ms / 1_000;
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (s < 1) return `${s.toFixed(2)} s`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 5_400) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3_600)} h`;
  return `${number(Math.round(s / 86_400))} days`;
}

/** With thin spaces between thousands. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** An id, its middle hidden where it is long; whole in its title, and when it is copied. */
export function id(value: string | number | null): Part {
  if (value === null) return html`<span class="quiet">–</span>`;
  const text = String(value);
  if (text.length <= 16) return html`<code>${text}</code>`;
  const mark = text.slice(0, 8).indexOf('_');
  const head = mark > 0 ? mark + 5 : 4;
  return html`<code title="${text}"
    >${text.slice(0, head)}<i class="mid">${text.slice(head, -4)}</i>${text.slice(-4)}</code
  >`;
}

const INVISIBLE = /[\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u034f\ufe00-\ufe0f]/gu;

/** A value of a person, literally: it cannot turn the text around it, and what cannot be seen is drawn. */
export function value(given: unknown, most = 400): Html {
  if (given === null || given === undefined || given === '') return html`<em>empty</em>`;
  const whole = typeof given === 'string' ? given : JSON.stringify(given);
  const text = whole.length > most ? whole.slice(0, most) : whole;
  const more = whole.length > most && html` <span class="quiet">… ${number(whole.length)} characters</span>`;
  return html`<bdi>${drawn(text)}</bdi>${more}`;
}

/** Joiners between letters stay: many names have them. */
function drawn(text: string): Part {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(/([\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0])\1*/gu)) {
    const [run, sign = ''] = found;
    if (/^[\u200c\u200d]$/.test(run)) continue;
    const code = (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const times = run.length / sign.length;
    parts.push(
      text.slice(from, found.index),
      html`<i class="sign" title="a character that cannot be seen"
        >U+${code}${times > 1 && ` × ${times}`}</i
      >`,
    );
    from = found.index + run.length;
  }
  return [...parts, text.slice(from)];
}

/** A name for a heading, a link or a title: never empty, and never long. */
export function nameOf(given: unknown, otherwise: string): string {
  const text = typeof given === 'string' ? given.replaceAll(INVISIBLE, '').trim() : '';
  return text === '' ? otherwise : text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** One field that changed: `email  old → new`. */
export function diff(field: string, from: unknown, to: unknown): Html {
  return html`<span class="diff"
    ><span class="quiet">${field}</span> ${from === undefined ? '' : html`<del>${value(from, 80)}</del> `}→
    <b>${value(to, 80)}</b></span
  >`;
}

/** To the next page of a list; there are no numbers of pages. */
export function pager(path: string, query: URLSearchParams, next: string | null): Html | false {
  const isFirst = !query.has('after');
  if (next === null && isFirst) return false;
  return html`<p class="pager">
    ${!isFirst && html`<a href="${withQuery(path, query, { after: null })}">First page</a>`}${next !== null && html`<a href="${withQuery(path, query, { after: next })}" rel="next">Next page</a>`}
  </p>`;
}

/** The address with some parameters of its query changed; null drops one. */
export function withQuery(
  path: string,
  query: URLSearchParams,
  change: Record<string, string | null>,
): string {
  const all = { ...Object.fromEntries(query), ...change };
  const kept = Object.entries(all).flatMap(([name, text]) =>
    text === null || text === '' ? [] : [[name, text]],
  );
  return addressOf(path, { query: Object.fromEntries(kept) as Record<string, string> });
}

/** Instead of a blank table: what is so, and what to do. */
export function empty(says: Part, more: Part = null): Html {
  return html`<div class="empty">
    <p>${says}</p>
    ${more}
  </div>`;
}

/** A filter that matches nothing, in words; each part is a link that drops it. */
export function nothingFits(path: string, query: URLSearchParams, what: string): Html {
  const given = [...query].filter(([name, text]) => name !== 'after' && text !== '');
  const links = given.map(
    ([name, text]) =>
      html`<a href="${withQuery(path, query, { [name]: null, after: null })}" title="Drop this part"
        >${name} = ${value(text, 60)} <span aria-hidden="true">✕</span></a
      >`,
  );
  return empty(html`No ${what} with ${links}`);
}

export type Head = Part | { num: string };

/** A table that scrolls by itself where it is wider than the page. Each row is `<tr id data-row>` with one `<th scope="row">`. With the name null it stays as it was drawn. */
export function table(label: string, head: readonly Head[], rows: Part, name: string | null = 'rows'): Html {
  const isNumber = (each: Head): each is { num: string } =>
    typeof each === 'object' && each !== null && 'num' in each;
  const cells = head.map((each) =>
    isNumber(each) ? html`<th scope="col" class="num">${each.num}</th>` : html`<th scope="col">${each}</th>`,
  );
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${cells}
        </tr>
      </thead>
      <tbody ${name !== null && html` data-live="list" id="${name}"`}>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** The same question in a shell and at the API, at the foot of a page. */
export function sameElsewhere({ cli, api }: { cli?: string; api?: string }): Html | false {
  const lines = [
    cli !== undefined && html`<code>npx twinbox ${cli}</code>`,
    api !== undefined && html`<code>GET ${api}</code>`,
  ];
  return lines.some(Boolean) && html`<p class="same"><span class="quiet">Same elsewhere</span> ${lines}</p>`;
}
