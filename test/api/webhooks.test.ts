import { expect } from 'chai';
import { connect } from 'node:net';
import { once } from 'node:events';
import { useDatabase } from '../support/database.ts';
import { expectDescribed } from './described.ts';
import { expectProblem, type Answer } from './start-api.ts';
import { countRows, freshEvent, seconds, SECRET, signature, signed, useIntake } from './webhook-source.ts';

describe('the signature of a webhook', () => {
  const database = useDatabase();
  const intake = useIntake(database, { apiKeys: ['a-key-that-webhooks-need-not'] });

  const described = (answer: Answer): void => expectDescribed('post', intake.path, answer);

  async function expectStored(header: (body: string) => string): Promise<void> {
    const body = JSON.stringify(freshEvent());
    const answer = await intake.post(body, { 'Stripe-Signature': header(body) });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json).to.deep.equal({ received: true, outcome: 'stored' });
    described(answer);
  }

  const taken: [string, (body: string) => string][] = [
    ['of this second', (body) => signed(body)],
    ['at the end of the tolerance', (body) => signed(body, SECRET, seconds(-300))],
    ['as far in the future', (body) => signed(body, SECRET, seconds(300))],
    [
      'among several v1',
      (body) => `${signed(body, 'whsec_other')},v1=${signature(body)},v1=${'0'.repeat(64)}`,
    ],
    ['beside schemes that we do not know', (body) => `${signed(body)},v0=abc,v2=def`],
    ['with blanks and capitals', (body) => `t=${seconds()} , v1=${signature(body).toUpperCase()}`],
  ];
  for (const [name, header] of taken) it(`is accepted ${name}`, () => expectStored(header));

  const forged: [string, string, (body: string) => string | null][] = [
    ['no_match', 'of another secret', (body) => signed(body, 'whsec_of_somebody')],
    [
      'no_match',
      'of another time than it says',
      (body) => `t=${seconds()},v1=${signature(body, SECRET, seconds(-1))}`,
    ],
    ['no_signature', 'of another scheme only', (body) => `t=${seconds()},v0=${signature(body)}`],
    ['no_signature', 'cut short', (body) => signed(body).slice(0, -1)],
    ['missing', 'that is not there', () => null],
    ['malformed', 'without a time', (body) => `v1=${signature(body)}`],
    ['malformed', 'with two times', (body) => `t=${seconds()},${signed(body)}`],
    ['malformed', 'with a time that is no number', (body) => `t=now,v1=${signature(body, SECRET, 'now')}`],
    ['malformed', 'that is no list', () => 'let me in'],
    ['malformed', 'with 17 tries', (body) => `t=${seconds()}${`,v1=${signature(body)}`.repeat(17)}`],
    ['malformed', 'of 5 kB', (body) => `${signed(body)},${'x=y,'.repeat(1_250)}`],
  ];
  for (const [reason, name, header] of forged) {
    it(`${name} is refused: 400 and no row`, async () => {
      const rows = await countRows(database.db);
      const body = JSON.stringify(freshEvent());
      const given = header(body);
      const answer = await intake.post(body, given === null ? {} : { 'Stripe-Signature': given });
      expectProblem(answer, 400, 'invalid_signature');
      expect(answer.json['reason']).to.equal(reason);
      described(answer);
      expect(await countRows(database.db)).to.equal(rows);
    });
  }

  it('is checked before the body is read, whatever the body is', async () => {
    const rows = await countRows(database.db);
    for (const body of ['', '{', 'null', '[]', '\0'.repeat(1_000), JSON.stringify({ id: 'x' })]) {
      const answer = await intake.post(body, { 'Stripe-Signature': signed('other') });
      expectProblem(answer, 400, 'invalid_signature');
    }
    expect(await countRows(database.db)).to.equal(rows);
  });

  const signedNonsense: [string, string | Uint8Array, string][] = [
    ['an empty body', '', 'malformed_json'],
    ['what is not JSON', 'id=evt_1', 'malformed_json'],
    ['half a JSON', '{"id":"evt_1"', 'malformed_json'],
    ['what is not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'malformed_json'],
    ['null', 'null', 'invalid_event'],
    ['a list', '[]', 'invalid_event'],
    ['no id', JSON.stringify({ ...freshEvent(), id: undefined }), 'invalid_event'],
    ['an id that is a number', JSON.stringify({ ...freshEvent(), id: 7 }), 'invalid_event'],
    ['an empty id', JSON.stringify({ ...freshEvent(), id: '' }), 'invalid_event'],
    ['an id of 300 characters', JSON.stringify({ ...freshEvent(), id: 'e'.repeat(300) }), 'invalid_event'],
    ['an id that no database can hold', JSON.stringify({ ...freshEvent(), id: 'evt\0' }), 'invalid_event'],
    ['no type', JSON.stringify({ ...freshEvent(), type: null }), 'invalid_event'],
  ];
  for (const [name, body, code] of signedNonsense) {
    it(`does not help a body with ${name}: 400 and no row`, async () => {
      const rows = await countRows(database.db);
      const answer = await intake.post(body, { 'Stripe-Signature': signed(body) });
      expectProblem(answer, 400, code);
      described(answer);
      expect(await countRows(database.db)).to.equal(rows);
    });
  }

  it('is not checked for a body of more than a megabyte', async () => {
    const body = JSON.stringify({ ...freshEvent(), padding: 'x'.repeat(1_000_000) });
    const answer = await intake.post(body, { 'Stripe-Signature': signed(body) });
    expectProblem(answer, 413, 'body_too_large');
    expect(answer.json.detail).to.include('1000000');
    described(answer);
  });

  it('in a header of 1 MB is refused, and the next webhook is accepted', async () => {
    const { hostname, port } = new URL(intake.api.server.url);
    const socket = connect(Number(port), hostname);
    // What is still being sent when the answer has come is cut off, which may be an error in the
    // client.
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.write(`POST ${intake.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nStripe-Signature: `);
    socket.write('v1=0,'.repeat(200_000));
    await closed;
    expect(text === '' || text.startsWith('HTTP/1.1 431 '), text.slice(0, 100)).to.equal(true);
    await expectStored((body) => signed(body));
  });

  it('is accepted by POST only, and never logged', async () => {
    expectProblem(await intake.api.send('GET', intake.path), 405, 'method_not_allowed');
    const log = JSON.stringify(intake.api.lines);
    expect(log).to.include('/api/v1/webhooks/stripe');
    for (const secret of [SECRET, 'v1=', 'ada@example.com']) expect(log).not.to.include(secret);
    expect(intake.api.lines.filter(({ level }) => level !== 'debug')).to.deep.equal([]);
  });
});
