/** A client of the stream of changes: it reads events one by one, as a browser does. */
import type { ApiServer } from '../../api/server.ts';

export type StreamEvent = { id?: string; event?: string; data?: string };

export async function openStream(
  { url }: Pick<ApiServer, 'url'>,
  { headers = {}, query = '' }: { headers?: Record<string, string>; query?: string } = {},
) {
  const stop = new AbortController();
  const response = await fetch(`${url}/api/v1/changes${query}`, {
    headers: { Accept: 'text/event-stream', ...headers },
    signal: stop.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let lastId = '';

  /** The next event with data; null at the end of the stream. */
  async function next(): Promise<StreamEvent | null> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const event: StreamEvent = Object.fromEntries(
          lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
        );
        lastId = event.id ?? lastId;
        if (event.data !== undefined) return event;
        continue;
      }
      const found = await reader?.read();
      if (!found || found.done) return null;
      text += found.value;
    }
  }

  return {
    response,
    next,
    /** The data of the next change; throws if the stream ended instead. */
    async change(): Promise<Record<string, unknown>> {
      const event = await next();
      if (event?.event !== 'change') throw new Error(`no change, but ${JSON.stringify(event)}`);
      return JSON.parse(event.data ?? '') as Record<string, unknown>;
    },
    /** Waits until the server has sent where the stream begins. */
    lastId: () => lastId,
    close: () => stop.abort(),
  };
}
