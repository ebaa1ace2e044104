import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { createLogger, type LoggerOptions } from '../../lib/log.ts';

/** A log that writes to memory. */
function capture(options: Partial<LoggerOptions> = {}) {
  const stream = new PassThrough();
  const log = createLogger({ level: 'debug', format: 'json', stream, ...options });
  const text = () => String(stream.read() ?? '');
  return { log, text, line: () => JSON.parse(text()) as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON object per line, with time, level and event first', () => {
    const { log, text } = capture();
    log.info('delivery.settled', { event_id: 'e1', attempt: 2, at: new Date(0), nothing: undefined });
    const [line = '', rest] = text().split('\n');
    expect(rest).to.equal('');
    expect(Object.keys(JSON.parse(line) as object)).to.deep.equal([
      'time',
      'level',
      'event',
      'event_id',
      'attempt',
      'at',
    ]);
    expect(line).to.include(
      '"level":"info","event":"delivery.settled","event_id":"e1","attempt":2,"at":"1970-01-01',
    );
  });

  it('lets no field replace the event', () => {
    const { log, line } = capture();
    log.warn('real', { event: 'forged', level: 'info' });
    expect(line()).to.include({ event: 'real', level: 'warn' });
  });

  it('keeps a value with a line break on one line', () => {
    for (const format of ['json', 'pretty'] as const) {
      const { log, text } = capture({ format });
      log.info('x', { reason: 'one\ntwo' });
      expect(text().trimEnd()).not.to.include('\n');
    }
  });

  it('shows control and direction characters as escapes, which JSON reads back', () => {
    const reason = 'a\u001b[2J\u202eb\u009b';
    for (const format of ['json', 'pretty'] as const) {
      const { log, text } = capture({ format });
      log.info('x', { reason, [`f\u202e`]: { deep: reason } });
      const line = text().trimEnd();
      expect(line).not.to.match(/[\p{Cc}\u202e]/u);
      if (format === 'json') expect(JSON.parse(line)).to.deep.include({ reason });
    }
  });

  it('leaves out what is below its level', () => {
    const { log, text } = capture({ level: 'warn' });
    log.debug('a');
    log.info('b');
    log.error('c');
    expect(text()).to.include('"event":"c"').and.not.include('"event":"b"');
  });

  it('adds the fields of a child to each of its lines', () => {
    const { log, line } = capture();
    log.child({ role: 'relay' }).child({ id: 7 }).info('x', { more: true });
    expect(line()).to.include({ role: 'relay', id: 7, more: true });
  });

  it('writes lines for a person', () => {
    const { log, text } = capture({ format: 'pretty' });
    log.warn('bus.slow', { topic: 'sync.outbound', note: 'two words', parts: [1, 2] });
    expect(text()).to.match(
      /^\d\d:\d\d:\d\d\.\d{3} warn  bus\.slow topic=sync\.outbound note="two words" parts=\[1,2\]\n$/,
    );
  });

  it('writes to standard error by default, and nothing when it is only imported', async () => {
    const script = `import { createLogger } from './lib/log.ts'; import './lib/config/config.ts';
      if (process.argv[1]) createLogger({ level: 'info', format: 'json' }).info('hello');`;
    const run = async (...args: string[]) => {
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, ...args], {
        stdio: 'pipe',
      });
      const read = { out: '', err: '' };
      child.stdout.on('data', (part: Buffer) => (read.out += part.toString()));
      child.stderr.on('data', (part: Buffer) => (read.err += part.toString()));
      await once(child, 'close');
      return read;
    };
    expect(await run()).to.deep.equal({ out: '', err: '' });
    const { out, err } = await run('write');
    expect(out).to.equal('');
    expect(err).to.include('"event":"hello"');
  });
});

describe('the redaction of the log', () => {
  const KEY = ['sk', 'test', 'abcdef123456'].join('_');
  const SIGNING = ['whsec', 'abcdef123456'].join('_');
  const write = (fields: Record<string, unknown>) => {
    const { log, text } = capture();
    log.info('x', fields);
    return text();
  };

  it('hides every field with secret, key, email or name in its name, however deep', () => {
    const names = [
      'name',
      'email',
      'secret',
      'key',
      'customer_email',
      'customerName',
      'api_key',
      'API_KEYS',
      'password',
    ];
    for (const name of names) {
      const text = write({ [name]: 'hidden-value', deep: [{ deeper: { [name]: { x: 'hidden-value' } } }] });
      expect(text, name).to.include('[redacted]').and.not.include('hidden-value');
    }
  });

  it('keeps fields whose name is only similar', () => {
    expect(write({ hostname: 'h1', monkey: 'm1', event_id: 'e1', renamed: 'r1' })).to.not.include(
      '[redacted]',
    );
  });

  it('hides keys, signing secrets, emails and passwords inside any text', () => {
    const text = write({
      reason: `No such customer ada@example.com with ${KEY} or ${SIGNING}`,
      target: 'postgresql://user:hunter2@db.internal/twinbox',
      header: 'Bearer abc.def',
    });
    expect(text).to.not.match(/ada@|abcdef123456|hunter2|abc\.def/);
    expect(text).to.include('No such customer').and.include('db.internal/twinbox');
  });

  it('makes an error plain, without the row that a database error carries', () => {
    const cause = Object.assign(new Error('duplicate key (eve@example.org) already exists'), {
      code: '23505',
      detail: 'Key (email)=(eve@example.org) already exists.',
    });
    const text = write({ error: new Error(`refused ${KEY}`, { cause }) });
    expect(text).to.include('"code":"23505"').and.include('refused [redacted]');
    expect(text).to.not.match(/eve@|abcdef123456/);
  });

  it('accepts a field that contains itself', () => {
    const loop: Record<string, unknown> = { id: 1 };
    loop['self'] = loop;
    expect(write({ loop })).to.include('"self":"[…]"');
  });
});
