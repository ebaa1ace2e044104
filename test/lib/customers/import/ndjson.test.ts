import { Readable } from 'node:stream';
import { expect } from 'chai';
import { MAX_LINE, readNdjson } from '../../../../lib/customers/import/ndjson.ts';

async function read(text: string | Buffer, chunk = 3): Promise<Record<string, unknown>[]> {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  const rows: Record<string, unknown>[] = [];
  for await (const row of readNdjson(Readable.from(chunks))) rows.push({ ...row });
  return rows;
}

describe('the reader of NDJSON', () => {
  it('reads lines wherever the bytes are cut, counts blank ones, and adds up to the size of the body', async () => {
    const text = '\ufeff{"name":"Jos\u00e9"}\r\n\n  \n{"name":"\ud83d\ude00"}';
    for (const chunk of [1, 2, 3, 1_000]) {
      const rows = await read(text, chunk);
      expect(rows.map(({ line, values }) => [line, values])).to.deep.equal([
        [1, { name: 'Jos\u00e9' }],
        [4, { name: '\ud83d\ude00' }],
      ]);
    }
  });

  it('refuses a line alone that is too long, not UTF-8, not JSON, no object or has a key twice', async () => {
    const lines = [
      Buffer.from(`{"name":"${'x'.repeat(MAX_LINE)}"}`),
      Buffer.from('{"name":"\xe9"}', 'latin1'),
      Buffer.from('{"name":'),
      Buffer.from('null'),
      Buffer.from('{"a":1,"\\u0061":2}'),
      Buffer.from('{"name":"Ada"}'),
    ];
    const rows = await read(Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])), 50_000);
    expect(rows.map(({ problem }) => problem)).to.deep.equal([
      ...['is longer than 100,000 bytes', 'is not UTF-8', 'is not JSON: write one object on each line'],
      ...['must be a JSON object with the fields of one customer', 'has /a more than once', undefined],
    ]);
    expect(rows.at(-1)?.['line']).to.equal(6);
  });

  it('refuses a line alone with a value of more levels than a single write may have', async () => {
    const levels = (count: number): string => `{"name":${'['.repeat(count)}${']'.repeat(count)}}\n`;
    const rows = await read(levels(50) + levels(51) + levels(49_000) + '{"name":"Ada"}', 50_000);
    const problem = 'has /name, which must be JSON with at most 50 levels';
    expect(rows.map((row) => row['problem'])).to.deep.equal([undefined, problem, problem, undefined]);
  });
});
