// Sends the pages one after the other, and gets the next one ready while one is on its way: the bus then needs no
// work of this process between two pages.
//
// Guarantees: nothing of a page is sent before all of the page before it is confirmed. A crash leaves nothing.
import type { Bus, Message } from '../lib/bus/bus.ts';
import type { Pages } from './pages.ts';
import type { ReadPage } from './read.ts';
import { sendPage, type Sent } from './send.ts';

type PipelineDeps = {
  bus: Bus;
  pages: Pages;
  mayStillSend: () => boolean;
  toMessages: (page: ReadPage) => Message[];
};

export function createPipeline({ bus, pages, mayStillSend, toMessages }: PipelineDeps) {
  // Not a WeakMap: V8 would keep what it holds until the next collection of everything.
  let ready: { page: ReadPage; messages: Message[] } | null = null;

  function prepare(page: ReadPage): void {
    ready = { page, messages: toMessages(page) };
    bus.prepare?.(ready.messages);
  }

  return {
    /** What was `sent` is as in send.ts. */
    async send(page: ReadPage): Promise<{ messages: Message[]; sent: Sent | null }> {
      const messages = ready?.page === page ? ready.messages : toMessages(page);
      ready = null;
      const sent = sendPage(bus, messages, mayStillSend);
      // Not before the request of this page is written. What fails here fails again in the page's own turn.
      setImmediate(
        () =>
          void pages
            .coming()
            ?.then(prepare)
            .catch(() => undefined),
      );
      return { messages, sent: await sent };
    },
  };
}
