// "This changed" for pages that are open.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createChanges } from '../../console/changes.ts';

describe('the stream of changes of the console', () => {
  it('asks the API once for each key, passes on what it says, and has no place for one listener more', async () => {
    const keys: (string | undefined)[] = [];
    const api = createServer((req, res) => {
      keys.push(req.headers.authorization);
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write('event: change\ndata: {"id":1}\n\n');
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
    const origin = () => `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const changes = createChanges({ origin, log: { warn: () => undefined }, most: 2 });
    const close = new AbortController();
    try {
      const mine = readerOf(changes.listen('k1', close.signal));
      expect(await mine.until('"id":1')).to.include('event: change');
      const second = changes.listen('k1', close.signal);
      expect(keys).to.deep.equal(['Bearer k1']);
      expect(await readerOf(changes.listen('k1', close.signal)).until('\n\n')).to.equal(
        'retry: 60000\nevent: full\ndata: 2\n\n',
      );
      expect(changes.listeners()).to.equal(2);
      await second.body?.cancel();
      expect(changes.listeners()).to.equal(1);
      close.abort();
      expect(changes.listeners()).to.equal(0);
    } finally {
      close.abort();
      api.closeAllConnections();
      api.close();
    }
  });

  it('ends, so that a page connects again, when the API is away', async () => {
    const warned: string[] = [];
    const log = { warn: (message: string) => void warned.push(message) };
    const changes = createChanges({ origin: () => 'http://127.0.0.1:1', log });
    const text = await changes.listen(null, new AbortController().signal).text();
    expect(text).to.include('retry: 2000');
    expect(warned).to.deep.equal(['console.no_changes']);
    expect(changes.listeners()).to.equal(0);
  });
});

function readerOf({ body }: Response) {
  const reader = body?.getReader();
  return {
    async until(wanted: string): Promise<string> {
      let text = '';
      while (!text.includes(wanted)) {
        const part = await reader?.read();
        if (part?.value === undefined) throw new Error(`the stream ended with ${text}`);
        text += Buffer.from(part.value).toString();
      }
      return text;
    },
  };
}
