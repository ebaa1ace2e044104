// "This changed", for pages that are open: one stream of the API for each key, passed on to every page that
// looks with this key. A page asks for its own address again when it hears of a change, so a change that is
// lost with a connection costs nothing: the page is fetched anew when the stream comes back.

import { createHash } from 'node:crypto';

export type Changes = {
  /** A stream of server-sent events; the browser's `close` ends it. */
  listen(key: string | null, close: AbortSignal): Response;
  listeners(): number;
};

export type ChangesDeps = {
  origin: () => string;
  fetch?: typeof fetch;
  log: { warn(message: string, fields?: Record<string, unknown>): void };
  most?: number;
};

/** So many pages at once are kept up to date. */
const MOST = 50;

/** Bytes that a page may leave unread; one that leaves more is cut off, and connects again when it can read. */
const UNREAD = 256 * 1024;

type Listener = ReadableStreamDefaultController<Uint8Array>;
type Channel = { listeners: Set<Listener>; stop: AbortController };

const bytes = (text: string) => new TextEncoder().encode(text);

function pass(part: Uint8Array, { listeners }: Channel, to: Listener): void {
  if ((to.desiredSize ?? 0) > 0) return to.enqueue(part);
  listeners.delete(to);
  to.error(new Error('The page left too much unread.'));
}

export function createChanges({ origin, fetch: ask = fetch, log, most = MOST }: ChangesDeps): Changes {
  const channels = new Map<string, Channel>();
  const listeners = () => [...channels.values()].reduce((sum, channel) => sum + channel.listeners.size, 0);

  function end(name: string, channel: Channel): void {
    if (channels.get(name) === channel) channels.delete(name);
    channel.stop.abort();
    for (const listener of channel.listeners) listener.close();
    channel.listeners.clear();
  }

  async function follow(name: string, channel: Channel, key: string | null): Promise<void> {
    try {
      const response = await ask(`${origin()}/api/v1/changes`, {
        headers: { Accept: 'text/event-stream', ...(key !== null && { Authorization: `Bearer ${key}` }) },
        signal: channel.stop.signal,
      });
      if (response.ok && response.body)
        for await (const part of response.body as AsyncIterable<Uint8Array>)
          for (const each of channel.listeners) pass(part, channel, each);
      else log.warn('console.no_changes', { status: response.status });
    } catch (error) {
      if (!channel.stop.signal.aborted) log.warn('console.no_changes', { error: String(error) });
    }
    // A page connects again by itself.
    end(name, channel);
  }

  function open(name: string, key: string | null): Channel {
    const channel = { listeners: new Set<Listener>(), stop: new AbortController() };
    channels.set(name, channel);
    void follow(name, channel, key);
    return channel;
  }

  return {
    listeners,
    listen(key, close) {
      if (listeners() >= most) return stream(bytes(`retry: 60000\nevent: full\ndata: ${most}\n\n`));
      const name = createHash('sha256')
        .update(key ?? '')
        .digest('base64');
      let mine: Listener | null = null;
      const channel = channels.get(name) ?? open(name, key);
      const leave = (): void => {
        if (mine !== null) channel.listeners.delete(mine);
        if (channel.listeners.size === 0) end(name, channel);
      };
      close.addEventListener('abort', leave, { once: true });
      return stream(
        new ReadableStream<Uint8Array>(
          {
            start(controller) {
              mine = controller;
              channel.listeners.add(controller);
              controller.enqueue(bytes('retry: 2000\n: here\n\n'));
            },
            cancel: leave,
          },
          new ByteLengthQueuingStrategy({ highWaterMark: UNREAD }),
        ),
      );
    },
  };
}

function stream(body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } });
}
