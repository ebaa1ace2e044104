import { Readable } from 'node:stream';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { MAX_RECORD, readRecords, type CsvRecord } from '../../../../lib/customers/import/records.ts';

const NEVER_CLOSED = 'opens a quote that is never closed';
const GOES_ON = 'has text after a closing quote; write a quote inside quotes twice ("")';

async function read(text: string, { delimiter = ',', chunk = 3 } = {}): Promise<CsvRecord[]> {
  const records: CsvRecord[] = [];
  for await (const record of readRecords(Readable.from(inChunks(text, chunk)), delimiter))
    records.push(record);
  return records;
}

/** In chunks of a few characters: rows, quotes and line ends are cut at every position. */
function inChunks(text: string, chunk: number): string[] {
  return Array.from({ length: Math.ceil(text.length / chunk) }, (_, at) =>
    text.slice(at * chunk, (at + 1) * chunk),
  );
}

const fieldsOf = (records: CsvRecord[]) =>
  records.map((record) => ('fields' in record ? record.fields : record.problem));

describe('the reader of CSV records', () => {
  const lines: [string, string[] | string][] = [
    ['a,b', ['a', 'b']],
    ['a, "b"', ['a', 'b']],
    ['"a" ,b', ['a', 'b']],
    ['\u00a0"a"\u00a0\t,\ufeff"b" ', ['a', 'b']],
    ['"a, b" , " c "', ['a, b', ' c ']],
    [' a , b ', [' a ', ' b ']],
    ['"a ""b"" c",d', ['a "b" c', 'd']],
    ['"""a""",""', ['"a"', '']],
    ['Gus "Doc" Harper,5" disk', ['Gus "Doc" Harper', '5" disk']],
    ['a,,', ['a', '', '']],
    ['a""b,"\n"', ['a""b', '\n']],
    ['"Doc" Harper,b', GOES_ON],
    ['"a"b,c', GOES_ON],
    ['"a \\"b\\" c",d', `${GOES_ON}, not as \\"`],
    ['a,"b', NEVER_CLOSED],
  ];
  for (const [line, expected] of lines) {
    it(`reads ${JSON.stringify(line)} as ${JSON.stringify(expected)}`, async () => {
      for (const end of ['', '\n', '\r\n', '\r', '\r\nx,y']) {
        expect(fieldsOf(await read(line + end))[0], JSON.stringify(end)).to.deep.equal(expected);
      }
    });
  }

  it('ends a line at CRLF, LF or CR, in any mixture, and counts each line once', async () => {
    const ends = fc.constantFrom('\n', '\r\n', '\r');
    const rows = fc.array(fc.tuple(fc.constantFrom('a,b', '"a\r\nb\rc\nd",e', '', '"x"'), ends), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), async (lines, chunk) => {
        const text = lines.map(([line, end]) => line + end).join('');
        const records = await read(text, { chunk });
        expect(records.map(({ raw }) => raw).join('')).to.equal(text);
        let at = 0;
        for (const { line, raw } of records) {
          expect(line).to.equal(1 + (text.slice(0, at).match(/\r\n|\n|\r/g)?.length ?? 0));
          at += raw.length;
        }
      }),
    );
  });

  it('loses only the line on which a quote is opened that is never closed', async () => {
    const records = await read('name,email\n"A,a@x.ch\nB,b@x.ch\n"C","c\n@x.ch"\nD,"d@x.ch\nE,e@x.ch\n');
    expect(records.map(({ line }) => line)).to.deep.equal([1, 2, 3, 4, 6, 7]);
    expect(fieldsOf(records)).to.deep.equal([
      ['name', 'email'],
      GOES_ON,
      ['B', 'b@x.ch'],
      ['C', 'c\n@x.ch'],
      NEVER_CLOSED,
      ['E', 'e@x.ch'],
    ]);
  });

  it('takes a line that begins with # for a comment, but not a quoted # and no number', async () => {
    const records = await read('# say, "a" b\nA,b\n"# 1",c\n #x,"y"\n#1001,d\n#');
    expect(fieldsOf(records)).to.deep.equal([
      ...[['# say, "a" b'], ['A', 'b'], ['# 1', 'c'], [' #x', 'y'], ['#1001', 'd'], ['#']],
    ]);
    expect(records.map((record) => 'comment' in record && record.comment)).to.deep.equal([
      ...[true, false, false, true, false, true],
    ]);
  });

  it('is not led by a quote in a comment to hide the rows after it', async () => {
    const records = await read('#, "a\n","b"\n# x, "y" z@x.ch\nA,b\n');
    expect(fieldsOf(records)).to.deep.equal([
      `begins with # like a comment, but ${NEVER_CLOSED}`,
      GOES_ON,
      `begins with # like a comment, but ${GOES_ON}`,
      ['A', 'b'],
    ]);
  });

  it('says whether the text ends within the last record', async () => {
    const ended = async (text: string) =>
      (await read(text)).map((record) => 'ended' in record && record.ended);
    expect(await ended('a,b\r\nc')).to.deep.equal([true, false]);
    expect(await ended('a,b\r\nc\r')).to.deep.equal([true, true]);
  });

  for (const [what, line] of [
    ['without any line end', 'x'.repeat(MAX_RECORD + 70_000)],
    ['in quotes that are never closed', `"${'x'.repeat(MAX_RECORD + 70_000)}`],
    ['of many fields', 'x,'.repeat(MAX_RECORD)],
  ] as const) {
    it(`refuses a record ${what} that is too long, and continues after it`, async () => {
      for (const end of ['\n', '\r\n', '\r']) {
        const records = await read(`a,b${end}${line}${end}c,d${end}`, { chunk: 65_536 });
        expect(records.map(({ line: at }) => at)).to.deep.equal([1, 2, 3]);
        expect(records[1])
          .to.have.property('problem')
          .that.matches(/longer than 1,000,000|never closed/);
        expect(fieldsOf(records)[2]).to.deep.equal(['c', 'd']);
      }
    });
  }

  it('reads any text without an error and without a loss, and gives the same however the text is cut', async () => {
    const text = fc.string({
      unit: fc.constantFrom('"', ',', '\r', '\n', ' ', 'a', '#', ';'),
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (input, chunk) => {
        const records = await read(input, { chunk });
        expect(records.map(({ raw }) => raw).join('')).to.equal(input);
        expect(await read(input, { chunk: 1_000 })).to.deep.equal(records);
        expect(records.every(({ raw }) => raw !== '')).to.equal(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('agrees with csv-parse on every well-formed text', async () => {
    const field = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'é', ' ', '7', '😀'), maxLength: 5 }),
      fc
        .string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', '\r', ' '), maxLength: 6 })
        .map((text) => `"${text.replaceAll('"', '""')}"`),
    );
    const row = fc
      .array(field, { minLength: 1, maxLength: 4 })
      .filter((fields) => fields.length > 1 || fields[0] !== '');
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(',', ';', '\t', '|', '^', '-', ']', '\\'),
        fc.constantFrom('\n', '\r\n', '\r'),
        async (rows, delimiter, end) => {
          const text = rows.map((fields) => fields.join(delimiter) + end).join('');
          const expected = parse(text, { delimiter, relax_column_count: true });
          expect(fieldsOf(await read(text, { delimiter }))).to.deep.equal(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
