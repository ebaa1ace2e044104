import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Response } from 'express';
import { expect } from 'chai';
import { createImportStop } from '../../api/import-stop.ts';
import { createSignal } from '../support/signal.ts';

describe('what ends an import', () => {
  const times = { idleMs: 60_000, wholeMs: 60_000, keyMs: 5 };
  const response = () => new ServerResponse(new IncomingMessage(new Socket())) as Response;

  it('is the end of its key, but not a check of the key that fails', async () => {
    const asked = createSignal();
    let checks = 0;
    const failing = createImportStop(response(), times, () => {
      checks += 1;
      if (checks === 3) asked.fire();
      return Promise.reject(new Error('the database is away'));
    });
    await asked.promise;
    failing.dispose();
    expect(failing.signal.aborted).to.equal(false);

    const ended = createImportStop(response(), times, () => Promise.resolve(false));
    if (!ended.signal.aborted)
      await new Promise((resolve) => ended.signal.addEventListener('abort', resolve));
    ended.dispose();
    expect(ended.reason()).to.equal('key_ended');
  });
});
