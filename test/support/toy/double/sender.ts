// The webhooks of Toy's double: signed as Toy signs them, and sent once. One that does not arrive is
// lost, and the list of events has it.
import { createHmac } from 'node:crypto';
import type { People } from './people.ts';

/** What its webhooks are signed with. */
export const SECRET = 'toy-webhook-secret';

export interface Delivery {
  body: string;
  headers: Record<string, string>;
}

export interface Sender {
  /** An event, or anything else, as a delivery that bears the double's signature. */
  sign(event: unknown, options?: { at?: number; secret?: string }): Delivery;
  /** From now on every new event is sent there. */
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

  function sign(
    event: unknown,
    { at = now(), secret = SECRET }: { at?: number; secret?: string } = {},
  ): Delivery {
    const body = JSON.stringify(event);
    const t = String(Math.floor(at / 1_000));
    const signature = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
    return {
      body,
      headers: { 'content-type': 'application/json', 'toy-signature': `t=${t},v1=${signature}` },
    };
  }

  function deliver(url: string, event: unknown): void {
    const sending = fetch(url, { method: 'POST', ...sign(event) })
      .then((answer) => answer.arrayBuffer())
      // It is lost; the sweep of the list brings it.
      .catch(() => undefined)
      .finally(() => underway.delete(sending));
    underway.add(sending);
  }

  return {
    sign,
    subscribe(url) {
      subscriber = url;
      reported = people.events().length;
    },
    send() {
      const fresh = people.events().slice(reported);
      if (subscriber === null) return;
      reported += fresh.length;
      for (const event of fresh) deliver(subscriber, event);
    },
    async sent() {
      await Promise.all(underway);
    },
  };
}
