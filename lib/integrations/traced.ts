// The integration with a span for each call: the system, what was asked for, how it was answered, and the
// system's own id of the request. No value of a record, no id of one, and no text of an answer.
import type { Attributes, Tracing } from '../tracing/tracing.ts';
import type { Answered } from './answered.ts';
import type { EventFeed, Integration } from './integration.ts';
import type { CallName } from './routes.ts';

/** Each call is a span; a list has one for each page. */
export function traceCalls(integration: Integration, tracing: Tracing): Integration {
  if (!tracing.on) return integration;
  const { system, routes = {}, feed, findByIdentity, findTagged } = integration;

  function call<T>(name: CallName, work: () => Promise<T>): Promise<T> {
    const [method, template] = routes[name]?.split(' ') ?? [];
    const attributes = {
      'twinbox.system': system,
      'twinbox.call': name,
      'http.request.method': method,
      'url.template': template,
    };
    const codeOf = (error: unknown): string => integration.classify(error).code;
    return tracing.within(`${system} ${name}`, { kind: 'client', attributes, codeOf }, async (span) => {
      try {
        const answer = await work();
        span.set(toAttributes(answer));
        return answer;
      } catch (error) {
        span.set(toAttributes(integration.classify(error)));
        throw error;
      }
    });
  }

  async function* pages<T>(name: CallName, list: AsyncIterable<T>): AsyncGenerator<T> {
    const reader = list[Symbol.asyncIterator]();
    try {
      for (;;) {
        const page = await call(name, () => reader.next());
        if (page.done === true) return;
        yield page.value;
      }
    } finally {
      await reader.return?.();
    }
  }

  return {
    ...integration,
    identify: () => call('identify', () => integration.identify()),
    fetch: (externalId, options) => call('read', () => integration.fetch(externalId, options)),
    write: (request) => call(request.operation, () => integration.write(request)),
    list: (window) => pages('list', integration.list(window)),
    ...(findByIdentity && { findByIdentity: (email) => call('look', () => findByIdentity(email)) }),
    ...(findTagged && { findTagged: (ownerTag) => call('search', () => findTagged(ownerTag)) }),
    ...(feed && { feed: traceFeed(feed, (list) => pages('events', list)) }),
  };
}

function traceFeed(feed: EventFeed, each: <T>(list: AsyncIterable<T>) => AsyncIterable<T>): EventFeed {
  return feed.by === 'cursor'
    ? { ...feed, follow: (cursor) => each(feed.follow(cursor)) }
    : { ...feed, pages: (window) => each(feed.pages(window)) };
}

/** What an answer or a failure says of the call; a list's page says nothing. */
function toAttributes(answer: unknown): Attributes {
  if (typeof answer !== 'object' || answer === null) return {};
  const { status, requestId, replayed } = answer as Partial<Answered & { replayed: boolean }>;
  return {
    'http.response.status_code': typeof status === 'number' ? status : null,
    'twinbox.request_id': requestId,
    'twinbox.replayed': replayed === true ? true : null,
  };
}
