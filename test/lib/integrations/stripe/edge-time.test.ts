import type { Socket } from 'node:net';
import { mock } from 'node:test';
import { expect } from 'chai';
import { CALL_TIMEOUT_MS } from '../../../../lib/integrations/stripe/client.ts';
import { ALL_CALLS, CUSTOMER } from './edge-calls.ts';
import { expectUnknown, failed, outcomeOf } from './edge.ts';
import { head, openWire, type Wire } from './edge-wire.ts';

const BODY = JSON.stringify(CUSTOMER);

describe('a call of Stripe that gets no complete answer', () => {
  let wire: Wire;
  before(async () => {
    wire = await openWire();
  });
  after(() => wire.close());
  // The client's own timer sets the limit, so the test moves that clock and does not wait.
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  const SLOW: [string, (socket: Socket) => void][] = [
    ['nothing at all comes', () => undefined],
    ['half a status line comes', (socket) => void socket.write('HTTP/1.1 20')],
    ['the head never ends', (socket) => void socket.write('HTTP/1.1 200 OK\r\nx-a: 1\r\nx-b: 2\r\n')],
    ['only the head comes', (socket) => void socket.write(head(`content-length: ${BODY.length}`))],
    [
      'the body lacks its last byte',
      (socket) => void socket.write(`${head(`content-length: ${BODY.length}`)}${BODY.slice(0, -1)}`),
    ],
    [
      'the body is shorter than its length',
      (socket) => void socket.write(`${head(`content-length: ${BODY.length + 1}`)}${BODY}`),
    ],
    [
      'the last chunk is missing',
      (socket) =>
        void socket.write(`${head('transfer-encoding: chunked')}${BODY.length.toString(16)}\r\n${BODY}\r\n`),
    ],
    ['only interim answers come', (socket) => dripFor(socket, 'HTTP/1.1 100 Continue\r\n\r\n')],
    [
      'the head comes line by line',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        dripFor(socket, 'x-a: 1\r\n');
      },
    ],
    [
      'the body comes blank by blank',
      (socket) => {
        socket.write(head('connection: close'));
        dripFor(socket, ' ');
      },
    ],
  ];
  for (const [says, act] of SLOW) {
    it(`ends at its time limit where ${says}: the outcome is unknown`, async () => {
      for (const kind of ALL_CALLS) {
        wire.script(act);
        let over = false;
        const outcome = outcomeOf(wire.integration, kind).finally(() => (over = true));
        await wire.acted();
        await readAll();
        mock.timers.tick(CALL_TIMEOUT_MS - 1);
        await readAll();
        expect(over, `${kind.says}, before its limit`).to.equal(false);
        mock.timers.tick(1);
        expectUnknown(await outcome, kind.says);
        expect(failed(await outcome)).to.include({ code: 'timeout', scope: 'system' });
        expect(wire.requests(), kind.says).to.equal(1);
      }
    });
  }

  /** Bytes in a loopback socket are read within one or two rounds of the event loop. */
  async function readAll(): Promise<void> {
    for (let round = 0; round < 4; round += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Continues until the client closes the connection. */
  function dripFor(socket: Socket, drop: string): void {
    const drip = setInterval(() => socket.write(drop), 5);
    socket.on('close', () => clearInterval(drip));
  }
});
