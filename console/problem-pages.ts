// Pages for what went wrong: what is so, what to do, and the id by which the log has it.

import { ApiError } from './api.ts';
import { html, type Html } from './html.ts';
import { find } from './layout.ts';
import type { View } from './page.ts';

export type Wrong = { status: number; title: string; detail: string; more?: View['main'] };

export function wrongView({ status, title, detail, more }: Wrong): View {
  return {
    title,
    status,
    main: html`<p>${detail}</p>
      ${more}`,
  };
}

export function unknownPage(): View {
  return wrongView({
    status: 404,
    title: 'There is no such page',
    detail: 'The address leads nowhere. If you have an id, find it:',
    more: find('', 'find-here', false),
  });
}

export function notAllowed(needs: string, has: string): View {
  return wrongView({
    status: 403,
    title: 'Your key may not do this',
    detail: `This needs a key with the scope ${needs}; yours has the scope ${has}. Nothing was done.`,
  });
}

export function failedView(): View {
  return wrongView({
    status: 500,
    title: 'The console failed',
    detail: 'This is a fault of Twinbox. The log has it under the request id below.',
  });
}

/** For a form that may have been carried out; `again` sends the same one. Null for a refusal like any other. */
export function unsureView(error: ApiError, again: Html): View | null {
  const { status, code, title, message } = error;
  if (code === 'idempotency_key_reused')
    return wrongView({
      status,
      title: 'This form was sent before',
      detail: 'It said something else then, and that was done. Nothing was done now: open its page anew.',
    });
  if (code === 'idempotency_key_in_use')
    return wrongView({
      status,
      title: 'This form is being worked on',
      detail: 'It was sent a moment ago. Send it again to see what became of it: nothing is done twice.',
      more: again,
    });
  if (status < 500) return null;
  return wrongView({
    status: status === 503 ? 503 : 502,
    title: status === 503 ? 'The API cannot answer now' : title,
    detail:
      'It is not known whether this was done. Send it again in a moment: what was done already is not done twice.',
    more: html`${again}
      <p class="quiet">${message} <code>${code}</code></p>`,
  });
}

/** A page for a refusal of the API; null for what is no such refusal. */
export function problemView(error: unknown): View | null {
  if (!(error instanceof ApiError)) return null;
  const { status, code, title, message } = error;
  if (status === 404)
    return wrongView({
      status,
      title,
      detail: 'It was never there, or is not kept any more. Find another:',
      more: find('', 'find-here', false),
    });
  if (status >= 500)
    return wrongView({
      status: status === 503 ? 503 : 502,
      title: status === 503 ? 'The API cannot answer now' : title,
      detail: `${message} This page shows nothing until it answers; nothing was lost, and what waits goes on by itself.`,
      more: html`<p>
        <a href="">Try again</a> <span class="quiet"><code>${code}</code></span>
      </p>`,
    });
  return wrongView({ status, title, detail: message, more: html`<p class="quiet"><code>${code}</code></p>` });
}
