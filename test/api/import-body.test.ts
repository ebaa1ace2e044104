import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import express, { type Request } from 'express';
import { expect } from 'chai';
import { importBodyOf } from '../../api/import-body.ts';

describe('the body of an import', () => {
  const blank = Buffer.alloc(16_000_000, '\n');
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

  /** How many chunks come after the body was thrown away, while the next one was asked for. */
  async function leftOf(coding: string, body: Buffer): Promise<number> {
    const app = express().post('/', async (req, res) => {
      const given = importBodyOf(req);
      const reading = given.chunks();
      await reading.next();
      let left = 0;
      const rest = (async () => {
        for await (const chunk of reading) left += Math.sign(chunk.length);
      })();
      given.discard();
      // The end of the chunks would be taken for the end of the file.
      await rest.then(
        () => expect.fail('the body has ended'),
        () => undefined,
      );
      res.json({ left });
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': coding };
      const answer = await fetch(`http://127.0.0.1:${port}`, {
        ...{ method: 'POST', headers, body: new Uint8Array(body) },
      });
      return ((await answer.json()) as { left: number }).left;
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  it('lets other requests in while it is read, also if all of it has come', async () => {
    const req = Object.assign(Readable.from([Buffer.alloc(65_536, '\n')]), {
      headers: { 'content-length': '65536' },
      get: (name: string) => (name === 'Content-Type' ? 'text/csv' : undefined),
    });
    let turns = 0;
    const turn = (): void => void (turns += 1);
    const seen: number[] = [];
    let next = setImmediate(turn);
    for await (const piece of importBodyOf(req as unknown as Request).chunks()) {
      expect(piece.length).to.be.at.most(8_192);
      seen.push(turns);
      clearImmediate(next);
      next = setImmediate(turn);
    }
    clearImmediate(next);
    expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('is read and decompressed no further once it is thrown away, also if all of it has come', async () => {
    expect(await leftOf('gzip', gzipSync(blank, { level: 1 }))).to.equal(0);
    expect(await leftOf('br', brotliCompressSync(blank, quick))).to.equal(0);
  });
});
