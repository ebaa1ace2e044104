import { expect } from 'chai';
import fc from 'fast-check';
import { PassThrough } from 'node:stream';
import { createDb, type Db } from '../../../db/server/connection.ts';
import { runPrepared } from '../../../db/server/prepared.ts';
import { withRawRows } from '../../../db/server/raw-rows.ts';
import { useDatabase } from '../../support/database.ts';

/** The only column of a row. */
function firstOf(bytes: Buffer, at: number): Buffer {
  const start = at + 2 + 4;
  return bytes.subarray(start, start + bytes.readInt32BE(at + 2));
}

describe('rows as the server sent them', () => {
  const database = useDatabase();
  let db: Db;
  beforeEach(() => {
    db = createDb({ url: database.url, poolSize: 1, applicationName: 'test' });
  });
  afterEach(() => db.destroy());

  const sizesSql = `select repeat('é', size) from unnest(:sizes::integer[]) size`;

  it('arrive whole and in order, whatever their length, and are not in the result', async () => {
    const sizes = [0, 1, 5, 4_000, 40_000, 0, 1_500_000, 3, ...Array.from({ length: 500 }, (_, n) => n)];
    const seen: Buffer[] = [];
    const onRow = (bytes: Buffer, at: number) => seen.push(firstOf(bytes, at));
    const { rows } = await runPrepared<{ rows: unknown[] }>(db, sizesSql, { sizes }, { onRow });
    expect(rows).to.deep.equal([]);
    expect(seen.map((bytes) => bytes.toString())).to.deep.equal(sizes.map((size) => 'é'.repeat(size)));
  });

  it('end with their statement: the next one has its rows in its result', async () => {
    await runPrepared(db, sizesSql, { sizes: [1] }, { onRow: () => undefined });
    const { rows } = await db.raw<{ rows: unknown[] }>('select 1 as one');
    expect(rows).to.deep.equal([{ one: 1 }]);
  });

  it('do not hide the error of the server, which comes after some of them', async () => {
    const failing = runPrepared(
      db,
      'select 1 / (3 - n) from generate_series(1, :most::integer) n',
      { most: 5 },
      { onRow: () => undefined },
    );
    expect(await failing.catch((error: unknown) => error)).to.have.property('code', '22012');
    expect((await db.raw<{ rows: unknown[] }>('select 1 as one')).rows).to.deep.equal([{ one: 1 }]);
  });

  it('throw what their reader throws, once, and leave the session as it was', async () => {
    let calls = 0;
    const refuse = () => {
      calls += 1;
      throw new Error('unreadable');
    };
    const thrown = await runPrepared(db, sizesSql, { sizes: [1, 2, 3] }, { onRow: refuse }).catch(
      (error: unknown) => error,
    );
    expect(thrown).to.have.property('message', 'unreadable');
    expect(calls).to.equal(1);
    expect((await db.raw<{ rows: unknown[] }>('select 1 as one')).rows).to.deep.equal([{ one: 1 }]);
  });
});

describe('the messages of a connection', () => {
  const messageOf = (kind: string, body: Uint8Array): Buffer => {
    const head = Buffer.alloc(5);
    head.write(kind);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const connectionOf = (stream: PassThrough) =>
    ({ connection: { stream } }) as unknown as Parameters<typeof withRawRows>[0];

  it('are divided into rows and others, in their order, however the network cuts them', async () => {
    const message = fc.record({
      kind: fc.constantFrom('D', 'D', 'D', 'C', 'N', '2'),
      body: fc.uint8Array({ maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message), fc.array(fc.integer({ min: 1, max: 50 })), async (list, cuts) => {
        const stream = new PassThrough();
        const passed: Buffer[] = [];
        const rows: string[] = [];
        stream.on('data', (chunk: Buffer) => passed.push(Buffer.from(chunk)));
        const all = list.map(({ kind, body }) => messageOf(kind, body));
        let left = Buffer.concat(all);
        const onRow = (bytes: Buffer, at: number): void => {
          const end = at - 5 + 1 + bytes.readInt32BE(at - 4);
          rows.push(bytes.subarray(at, end).toString('hex'));
        };
        await withRawRows(connectionOf(stream), onRow, () => {
          for (let n = 0; left.length > 0; n += 1) {
            const size = cuts[n] ?? left.length;
            stream.emit('data', left.subarray(0, size));
            left = left.subarray(size);
          }
          return Promise.resolve();
        });
        const isRow = (one: Buffer) => one[0] === 'D'.charCodeAt(0);
        expect(rows).to.deep.equal(all.filter(isRow).map((one) => one.subarray(5).toString('hex')));
        expect(Buffer.concat(passed).toString('hex')).to.equal(
          Buffer.concat(all.filter((one) => !isRow(one))).toString('hex'),
        );
      }),
    );
  });

  it('that have not arrived whole when the statement ends go on to pg', async () => {
    const stream = new PassThrough();
    const passed: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => passed.push(chunk));
    const begun = messageOf('N', Buffer.alloc(20)).subarray(0, 12);
    await withRawRows(
      connectionOf(stream),
      () => undefined,
      () => Promise.resolve(void stream.emit('data', begun)),
    );
    expect(Buffer.concat(passed)).to.deep.equal(begun);
  });

  it('end the connection if they are none', async () => {
    const stream = new PassThrough().on('data', () => undefined).on('error', () => undefined);
    await withRawRows(
      connectionOf(stream),
      () => undefined,
      () => Promise.resolve(void stream.emit('data', Buffer.from('HTTP/1.1 400 Bad Request\r\n'))),
    );
    expect(stream.destroyed).to.equal(true);
  });
});
