import { Readable } from 'node:stream';
import { expect } from 'chai';
import fc from 'fast-check';
import { readRows, type Passed, type Row } from '../../../../lib/customers/import/rows.ts';

// Files in many forms: from any program, cut, joined and edited by hand. The generator knows what
// is in each file, and the import has to read exactly that.

type Style = { quoted: boolean; before: string; after: string };
type Line = { end: string } & (
  | { kind: 'row'; name: string; extra: string; styles: Style[]; trailing: number; short: boolean }
  | { kind: 'blank'; text: string }
  | { kind: 'comment'; text: string }
  | { kind: 'cut' }
  | { kind: 'misquoted'; text: string }
);

type File = {
  delimiter: string;
  separatorLine: boolean;
  titles: string[];
  columns: string[];
  headerStyles: Style[];
  headerEnd: string;
  lines: Line[];
  endsInLine: boolean;
  encoding: 'utf-8' | 'utf-8 with BOM' | 'utf-16le' | 'utf-16le with BOM' | 'utf-16be' | 'utf-16be with BOM';
};

const end = fc.constantFrom('\n', '\r\n', '\r');
const blanks = fc.constantFrom('', '', '', ' ', '  ', '\u00a0');
const style: fc.Arbitrary<Style> = fc.record({ quoted: fc.boolean(), before: blanks, after: blanks });
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.string({
      unit: fc.constantFrom('a', 'é', '"', ',', ';', '\t', '|', '\n', '\r', ' ', '#'),
      maxLength: 8,
    }),
  )
  .map((string) => string.trim())
  // A row that begins with a # has tests of its own.
  .filter((string) => !/[\ufffd\0]|^="|^#\D?/.test(string));

const line: fc.Arbitrary<Line> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: fc.constant('row' as const), end, name: text.filter((name) => name !== ''), extra: text },
      ...{
        styles: fc.array(style, { minLength: 6, maxLength: 6 }),
        trailing: fc.nat(2),
        short: fc.boolean(),
      },
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('blank' as const),
      end,
      text: fc.constantFrom('', ' ', ',,', ' , ', '"",""'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('comment' as const),
      end,
      text: fc.constantFrom('#', '# old', '#, "a" b', ' # x;y'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), end }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('misquoted' as const),
      end,
      text: fc.constantFrom('"a" b', '"a"b', '"\\"a\\""'),
    }),
  },
);

const file: fc.Arbitrary<File> = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  separatorLine: fc.boolean(),
  titles: fc.array(fc.constantFrom('Customers', '"Example, Ltd; | 2026"', '', '# made by hand'), {
    maxLength: 3,
  }),
  columns: fc.shuffledSubarray(['name', 'Email', 'Phone', 'Phone', ''], { minLength: 5 }),
  headerStyles: fc.array(style, { minLength: 5, maxLength: 5 }),
  headerEnd: end,
  lines: fc.array(line, { maxLength: 10 }),
  endsInLine: fc.boolean(),
  encoding: fc.constantFrom(
    ...([
      'utf-8',
      'utf-8 with BOM',
      'utf-16le',
      'utf-16le with BOM',
      'utf-16be',
      'utf-16be with BOM',
    ] as const),
  ),
});

type Expected = { rows: unknown[]; passed: Passed };

/** The file's text, and what has to be read from it. */
function render(made: File): { text: string; expected: Expected } {
  const { delimiter, columns } = made;
  const [nameAt, emailAt] = [columns.indexOf('name'), columns.indexOf('Email')];
  const expected: Expected = { rows: [], passed: { before: 0, comments: 0, blank: 0 } };
  let written = '';
  const write = (content: string, lineEnd: string): number => {
    const line = 1 + (written.match(/\r\n|\n|\r/g)?.length ?? 0);
    // An LF after a CR would be part of the same line end.
    const separate = written.endsWith('\r') && (content + lineEnd).startsWith('\n') ? ' ' : '';
    written += separate + content + lineEnd;
    return line;
  };

  if (made.separatorLine) write(`sep=${delimiter}`, made.headerEnd);
  for (const title of made.titles) {
    write(title, made.headerEnd);
    if (title !== '') expected.passed.before += 1;
  }
  write(
    columns.map((name, at) => field(name, made.headerStyles[at], delimiter)).join(delimiter),
    made.headerEnd,
  );

  for (const [index, one] of made.lines.entries()) {
    const isLast = index === made.lines.length - 1;
    const lineEnd = isLast && made.endsInLine ? '' : one.end;
    if (one.kind === 'blank') {
      // A file that ends without a character after the line end has no further line.
      const content = one.text.replaceAll(',', delimiter);
      write(content, lineEnd);
      if (content + lineEnd !== '') expected.passed.blank += 1;
    } else if (one.kind === 'comment') {
      write(one.text, lineEnd);
      expected.passed.comments += 1;
    } else if (one.kind === 'cut') {
      const fields = columns.slice(0, emailAt).map(() => 'x');
      if (fields.length === 0) fields.push('', 'x');
      const line = write(fields.join(delimiter), lineEnd);
      expected.rows.push({ line, refused: true });
    } else if (one.kind === 'misquoted') {
      const line = write(columns.map(() => one.text).join(delimiter), lineEnd);
      expected.rows.push({ line, refused: true });
    } else {
      const email = `c${index}@example.com`;
      const values = columns.map((_, at) => (at === nameAt ? one.name : at === emailAt ? email : one.extra));
      const kept = one.short && lineEnd !== '' ? values.slice(0, Math.max(nameAt, emailAt) + 1) : values;
      const fields = kept.map((value, at) => field(value, one.styles[at], delimiter));
      const line = write(
        fields.join(delimiter) + delimiter.repeat(kept === values ? one.trailing : 0),
        lineEnd,
      );
      expected.rows.push({ line, values: { name: one.name, email } });
    }
  }
  return { text: written, expected };
}

function field(
  value: string,
  { quoted, before, after }: Style = { quoted: true, before: '', after: '' },
  delimiter: string,
) {
  const needsQuotes = value.includes(delimiter) || /^"|[\r\n]/.test(value);
  const content = quoted || needsQuotes ? `"${value.replaceAll('"', '""')}"` : value;
  return before + content + after;
}

function encode(written: string, encoding: File['encoding']): Buffer {
  const withBom = encoding.endsWith('BOM') ? `\ufeff${written}` : written;
  if (encoding.startsWith('utf-8')) return Buffer.from(withBom);
  const bytes = Buffer.from(withBom, 'utf16le');
  return encoding.startsWith('utf-16be') ? bytes.swap16() : bytes;
}

async function read(bytes: Buffer, chunk: number): Promise<Expected> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  const found: Expected = { rows: [], passed: { before: 0, comments: 0, blank: 0 } };
  const summed = (row: Row) =>
    'values' in row ? { line: row.line, values: row.values } : { line: row.line, refused: true };
  const onEnd = (passed: Passed) => (found.passed = passed);
  for await (const row of readRows(Readable.from(chunks), { onEnd })) found.rows.push(summed(row));
  return found;
}

describe('generated CSV files in every layout and encoding', () => {
  it('are read as they were generated: each row with its line, each error refused, the rest counted', async () => {
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 50 }), async (made, chunk) => {
        const { text: written, expected } = render(made);
        expect(await read(encode(written, made.encoding), chunk)).to.deep.equal(expected);
      }),
      { numRuns: 500 },
    );
  });
});
