// "This changed" for pages that are open.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createChanges } from '../../console/changes.ts';
import { startApi } from '../api/start-api.ts';
import { useDatabase } from '../support/database.ts';
import { createSignal } from '../support/signal.ts';

describe('the stream of changes of the console', () => {
  const database = useDatabase();

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

  it('lets go of a page that reads nothing, keeps what it has for it in bounds, and logs no fault', async () => {
    const [sent, over] = [createSignal(), createSignal()];
    const told = createServer((_, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const more = () => {
        while (!res.destroyed && res.write(`data: ${'x'.repeat(8_000)}\n\n`));
        res.once('drain', more);
      };
      more();
      sent.fire();
      res.once('close', () => over.fire());
    }).listen(0, '127.0.0.1');
    await once(told, 'listening');
    const origin = () => `http://127.0.0.1:${(told.address() as AddressInfo).port}`;
    const api = await startApi({ db: database.db, console: { origin } });
    const page = connect(api.server.port, '127.0.0.1').pause();
    try {
      page.write(`GET /console/changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      await sent.promise;
      // The API is not asked any more, since no page is left that reads.
      await over.promise;
      expect(api.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
    } finally {
      page.destroy();
      told.closeAllConnections();
      told.close();
      await api.server.close();
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
