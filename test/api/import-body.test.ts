import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import express from 'express';
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

  it('is read and decompressed no further once it is thrown away, also if all of it has come', async () => {
    expect(await leftOf('gzip', gzipSync(blank, { level: 1 }))).to.equal(0);
    expect(await leftOf('br', brotliCompressSync(blank, quick))).to.equal(0);
  });
});
