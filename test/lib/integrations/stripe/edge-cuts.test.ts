import type { Socket } from 'node:net';
import { expect } from 'chai';
import { ALL_CALLS, CREATE, CUSTOMER, IDENTIFY } from './edge-calls.ts';
import { expectUnknown, outcomeOf } from './edge.ts';
import { head, openWire, whole, type Wire } from './edge-wire.ts';

const BODY = JSON.stringify(CUSTOMER);
const CHUNKED = 'transfer-encoding: chunked';

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** Writes it all, and then ends the connection in one of two ways. */
const ended = (text: string) => (socket: Socket) => void socket.end(text, 'latin1');
const reset = (text: string) => (socket: Socket) =>
  void socket.write(text, 'latin1', () => socket.resetAndDestroy());
const stays = (text: string) => (socket: Socket) => void socket.write(text, 'latin1');

describe('an answer of Stripe that is cut or damaged on the way', () => {
  let wire: Wire;
  before(async () => {
    wire = await openWire();
  });
  after(() => wire.close());

  it('is not accepted, while a whole one is', async () => {
    for (const kind of ALL_CALLS) {
      wire.script(stays(whole(kind.good)));
      expect(await outcomeOf(wire.integration, kind), kind.says).to.have.property('answer');
      wire.script(ended(`${head('connection: close')}${JSON.stringify(kind.good)}`));
      expect(await outcomeOf(wire.integration, kind), kind.says).to.have.property('answer');
    }
  });

  const long = `content-length: ${BODY.length + 20}`;
  const short = `content-length: ${BODY.length - 20}`;
  const CUTS: [string, (socket: Socket) => void][] = [
    ['the connection is closed before an answer', ended('')],
    ['the connection is reset before an answer', reset('')],
    ['the connection is closed in the head', ended('HTTP/1.1 200 OK\r\ncontent-t')],
    ['the connection is closed behind the head', ended(head(`content-length: ${BODY.length}`))],
    ['the body is shorter than its length', ended(`${head(long)}${BODY}`)],
    ['the body is longer than its length', ended(`${head(short)}${BODY}`)],
    ['the connection is reset in the body', reset(`${head(long)}${BODY.slice(0, 30)}`)],
    ['the connection is reset behind the body', reset(`${head(long)}${BODY}`)],
    ['a chunk is missing', ended(`${head(CHUNKED)}${chunk(BODY.slice(0, 30))}`)],
    ['the last chunk is missing', ended(`${head(CHUNKED)}${chunk(BODY)}`)],
    ['a chunk has no length', ended(`${head(CHUNKED)}zz\r\n${BODY}\r\n0\r\n\r\n`)],
    ['a body without length is cut', ended(`${head('connection: close')}${BODY.slice(0, 60)}`)],
    ['it has two lengths', stays(`${head(`content-length: ${BODY.length}`, 'content-length: 2')}${BODY}`)],
    ['it has a length and chunks', stays(`${head('content-length: 2', CHUNKED)}${chunk(BODY)}0\r\n\r\n`)],
    ['its length is negative', stays(`${head('content-length: -1')}${BODY}`)],
    ['its head is longer than any', stays(head(`x-long: ${'x'.repeat(100_000)}`))],
    ['it speaks another protocol', stays('220 mail.example ESMTP\r\n')],
    [
      'it changes the protocol',
      stays('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
    ],
    ['it is one of HTTP/2', stays('\x00\x00\x12\x04\x00\x00\x00\x00\x00')],
    ['it has 205 and a body', stays(whole(CUSTOMER).replace('200 OK', '205 Reset Content'))],
    ['its status is above all', stays(whole(CUSTOMER).replace('200 OK', '799 What'))],
    ['its status is no number', stays(whole(CUSTOMER).replace('200 OK', 'OK 200'))],
  ];
  for (const [says, act] of CUTS) {
    it(`(${says}) leaves the outcome unknown, and nothing is sent again`, async () => {
      for (const kind of ALL_CALLS) {
        wire.script(act);
        expectUnknown(await outcomeOf(wire.integration, kind), `${says}, ${kind.says}`);
        expect(wire.requests(), kind.says).to.equal(1);
      }
    });
  }

  it('is recognised behind an interim answer, and behind hints', async () => {
    for (const first of ['100 Continue', '102 Processing', '103 Early Hints']) {
      wire.script(stays(`HTTP/1.1 ${first}\r\nlink: x\r\n\r\n${whole(CUSTOMER)}`));
      const outcome = await outcomeOf(wire.integration, CREATE);
      expect(outcome).to.have.nested.property('answer.externalId', CUSTOMER.id);
    }
  });

  it('is bounded: a body that never ends is dropped before it fills the memory', async () => {
    const megabyte = Buffer.alloc(1_048_576, ' ');
    let megabytes = 0;
    wire.script((socket) => {
      socket.write(head(CHUNKED));
      const more = (): void => {
        while (!socket.destroyed && socket.write(`100000\r\n`)) {
          megabytes += 1;
          if (!socket.write(megabyte) || !socket.write('\r\n')) break;
        }
      };
      socket.on('drain', more);
      more();
    });
    expectUnknown(await outcomeOf(wire.integration, CREATE), 'a body without end');
    expect(megabytes).to.be.below(64);
  });

  it('is not mixed with the answer before it on the same connection', async () => {
    const stale = { object: 'account', id: 'acct_stale' };
    let first = true;
    wire.script((socket) => {
      socket.write(first ? whole(IDENTIFY.good) + whole(stale) : whole(IDENTIFY.good));
      first = false;
    });
    for (let call = 0; call < 3; call += 1) {
      const outcome = await outcomeOf(wire.integration, IDENTIFY);
      expect(outcome).to.deep.equal({ answer: { account: 'acct_edge', livemode: false } });
    }
  });

  it('may have each of its headers once; a doubled one is ignored', async () => {
    const twice = ['request-id: req_1', 'request-id: req_2', 'date: a', 'date: b'];
    const replayed = ['idempotent-replayed: true', 'idempotent-replayed: true'];
    wire.script(stays(whole(CUSTOMER, ...twice, ...replayed)));
    const outcome = await outcomeOf(wire.integration, CREATE);
    expect(outcome).to.deep.nested.include({
      'answer.requestId': null,
      'answer.answeredAt': null,
      'answer.replayed': true,
    });
  });
});
