import { expect } from 'chai';
import express from 'express';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createChangeStreams, streamLimits } from '../../api/change-streams.ts';
import { listen } from '../../api/server.ts';
import type { Batch, LiveChanges } from '../../lib/customers/live-changes.ts';

/** Half a megabyte. */
const LARGE: Batch = {
  position: '1',
  rows: Array.from({ length: 5_000 }, (_, at) => ({
    ...{ entity: 'x'.repeat(60), id: at + 1, version: 1, kinds: ['updated' as const] },
  })),
};

/** A client that asks for a stream of this and never reads; resolves with the batches that were made. */
async function askAndNeverRead(
  follow: LiveChanges['follow'],
  limits: Partial<typeof streamLimits>,
): Promise<void> {
  const app = express();
  const stream = createChangeStreams({
    live: { follow },
    stillAllowed: () => Promise.resolve(true),
    holderOf: () => 'one',
    limits: { ...streamLimits, ...limits },
  });
  const ended = Promise.withResolvers<unknown>();
  app.get('/', (req, res) => void stream(req, res, null).then(ended.resolve, ended.reject));
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const socket = connect(server.port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await ended.promise;
  socket.destroy();
  await server.close();
}

describe('a client of the stream that does not read', () => {
  it('is cut off when it has left too much unread, and no more than that is kept for it', async () => {
    let made = 0;
    await askAndNeverRead(
      async (_after, take, signal) => {
        // As live changes come: without waiting for the client.
        for (; !signal.aborted; made += 1) {
          void take(LARGE);
          await new Promise((resolve) => setImmediate(resolve));
        }
        return { outcome: 'aborted' };
      },
      { unreadBytes: 100_000 },
    );
    // The sockets of this machine hold a few megabytes by themselves.
    expect(made).to.be.within(1, 60);
  });

  it('is waited for while it reads what happened before, but not for ever', async () => {
    let made = 0;
    await askAndNeverRead(
      async (_after, take, signal) => {
        for (; !signal.aborted; made += 1) await take(LARGE);
        return { outcome: 'aborted' };
      },
      { unreadBytes: 1_000_000_000, unreadMs: 30 },
    );
    expect(made).to.be.within(1, 60);
  });
});

describe('a stream whose key cannot be checked', () => {
  it('ends, and does not say that the key is at fault', async () => {
    const stream = createChangeStreams({
      live: {
        follow: (_after, _take, signal) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => resolve({ outcome: 'aborted' }), { once: true }),
          ),
      },
      stillAllowed: () => Promise.reject(new Error('the database is away')),
      holderOf: () => 'one',
      limits: { ...streamLimits, keyMs: 5 },
    });
    const app = express();
    app.get('/', (req, res, next) => void stream(req, res, null).catch(next));
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    const answer = await fetch(server.url);
    expect(await answer.text()).to.include('data: {"reason":"closing"}');
    await server.close();
  });
});
