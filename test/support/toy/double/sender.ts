// The webhooks of Toy's double: signed as Toy signs them, and sent once, all that is new in one body.
// One that does not arrive is lost, and the list of events has what was in it.
import { createHmac } from 'node:crypto';
import type { People } from './people.ts';

/** What its webhooks are signed with. */
export const SECRET = 'toy-webhook-secret';

export interface Signed {
  method: string;
  path: string;
  body: string;
  at: Date;
}

/** The headers of a delivery. */
export function signHeaders({ method, path, body, at }: Signed, secret = SECRET): Record<string, string> {
  const time = String(Math.floor(at.getTime() / 1_000));
  const signature = createHmac('sha256', secret).update(`${method} ${path}\n${time}\n${body}`).digest('hex');
  return { 'content-type': 'application/json', 'toy-signature': signature, 'toy-time': time };
}

export interface Sender {
  /** From now on new events are sent there. */
  subscribe(url: string): void;
  /** Sends what is new. */
  send(): void;
  /** Resolves when nothing is on its way. */
  sent(): Promise<void>;
}

export function createSender(people: People, now: () => number): Sender {
  const underway = new Set<Promise<unknown>>();
  let subscriber: string | null = null;
  let reported = 0;

  function deliver(url: string, events: unknown[]): void {
    const { pathname, search } = new URL(url);
    const method = 'POST';
    const body = JSON.stringify({ events });
    const headers = signHeaders({ method, path: `${pathname}${search}`, body, at: new Date(now()) });
    const sending = fetch(url, { method, body, headers })
      .then((answer) => answer.arrayBuffer())
      // It is lost; the sweep of the list brings it.
      .catch(() => undefined)
      .finally(() => underway.delete(sending));
    underway.add(sending);
  }

  return {
    subscribe(url) {
      subscriber = url;
      reported = people.events().length;
    },
    send() {
      const fresh = people.events().slice(reported);
      if (subscriber === null || fresh.length === 0) return;
      reported += fresh.length;
      deliver(subscriber, fresh);
    },
    async sent() {
      await Promise.all(underway);
    },
  };
}
