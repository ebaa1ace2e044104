import { Readable } from 'node:stream';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { isEncoding } from '../../../../lib/customers/import/encoding.ts';
import { readRows, type Row } from '../../../../lib/customers/import/rows.ts';

async function read(bytes: Buffer, { chunk = 5, encoding }: { chunk?: number; encoding?: string } = {}) {
  const rows: Row[] = [];
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  for await (const row of readRows(Readable.from(chunks), { encoding })) rows.push(row);
  return rows;
}

const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

const TEXT = 'name,email\r\nJosé 😀 Ångström,jose@x.ch\r\nŽofie 山田,zofie@x.ch\r\n';
const ROWS = [
  { line: 2, bytes: 0, values: { name: 'José 😀 Ångström', email: 'jose@x.ch' } },
  { line: 3, bytes: 0, values: { name: 'Žofie 山田', email: 'zofie@x.ch' } },
];

describe('the encoding of a CSV file', () => {
  it('gives a row of a file that comes slowly before more of the file has come', async () => {
    const more = Promise.withResolvers<string>();
    async function* slow(): AsyncGenerator<string> {
      yield '\ufeffname,email\n';
      yield 'Ada,ada@x.ch\n';
      yield await more.promise;
    }
    const rows = readRows(slow());
    const first = await rows.next();
    expect(first.value).to.deep.include({ line: 2, values: { name: 'Ada', email: 'ada@x.ch' } });
    more.resolve('Bo,bo@x.ch\n');
    expect((await rows.next()).value).to.deep.include({ line: 3 });
  });

  const files: [string, Buffer][] = [
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${TEXT}`)],
    ['UTF-8 with two byte order marks', Buffer.from(`\ufeff\ufeff${TEXT}`)],
    ['UTF-16LE with a byte order mark', utf16le(`\ufeff${TEXT}`)],
    ['UTF-16BE with a byte order mark', utf16be(`\ufeff${TEXT}`)],
    ['UTF-16LE without one', utf16le(TEXT)],
    ['UTF-16BE without one', utf16be(TEXT)],
  ];
  for (const [what, bytes] of files) {
    it(`reads ${what}, wherever the bytes are cut, and counts them`, async () => {
      for (const chunk of [1, 2, 3, 7, 1_000]) {
        const rows = await read(bytes, { chunk });
        expect(rows.map((row) => ({ ...row, bytes: 0 }))).to.deep.equal(ROWS);
        const counted = rows.reduce((sum, row) => sum + (row.bytes ?? 0), 0);
        // A byte order mark is not part of the text.
        expect(bytes.length - counted)
          .to.be.at.least(0)
          .and.at.most(3);
      }
    });
  }

  it('refuses only the rows whose used fields are not UTF-8, by line', async () => {
    const bytes = Buffer.from(
      'name,email,city\nJos\xe9,j@x.ch,\nBo,bo@x.ch,Z\xfcrich\nCy,c\xff@x.ch,\n',
      'latin1',
    );
    const [first, second, third, ...more] = await read(bytes);
    const problem = (field: string) =>
      `${field} has a character that is not UTF-8, or that an earlier conversion has lost; ` +
      'save the file as UTF-8, or name its encoding: --encoding windows-1252';
    expect(first).to.deep.include({ line: 2, problem: problem('name') });
    expect(second).to.deep.include({ line: 3, values: { name: 'Bo', email: 'bo@x.ch' } });
    expect(third).to.deep.include({ line: 4, problem: problem('email') });
    expect(more).to.deep.equal([]);
  });

  it('reads another encoding where the option names it', async () => {
    const latin = await read(Buffer.from('name,email\nJos\xe9 \x80,j@x.ch\n', 'latin1'), {
      encoding: 'windows-1252',
    });
    expect(latin[0]).to.deep.include({ values: { name: 'José €', email: 'j@x.ch' } });
    const japanese = Buffer.concat([
      Buffer.from('name,email\n'),
      Buffer.from([0x8e, 0x52, 0x93, 0x63]),
      Buffer.from(',y@x.ch\n'),
    ]);
    const [row] = await read(japanese, { encoding: 'shift_jis' });
    expect(row).to.deep.include({ values: { name: '山田', email: 'y@x.ch' } });
    expect(['utf-8', 'latin1', 'macintosh', 'utf8 ', 'ebcdic', ''].map(isEncoding)).to.deep.equal([
      ...[true, true, true, true, false, false],
    ]);
  });

  const zip = (name: string): Buffer => {
    const data = deflateRawSync(Buffer.from('<?xml version="1.0"?><Types/>'));
    const header = Buffer.alloc(30);
    header.write('PK\x03\x04', 'latin1');
    header.writeUInt32LE(data.length, 18);
    header.writeUInt16LE(name.length, 26);
    return Buffer.concat([header, Buffer.from(name), data]);
  };
  const others: [string, Buffer, RegExp][] = [
    [
      '.xlsx',
      zip('[Content_Types].xml'),
      /Excel workbook \(\.xlsx\), not a CSV file.*save it as "CSV UTF-8"/,
    ],
    ['.ods', zip('mimetypeapplication/vnd.oasis.opendocument.spreadsheet'), /LibreOffice workbook \(\.ods\)/],
    ['.zip', zip('customers.csv'), /a workbook \(\.xlsx, \.ods\) or a zip archive.*Unpack it/],
    ['empty .zip', Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]), /zip archive/],
    [
      '.xls',
      Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512)]),
      /old Excel workbook/,
    ],
    ['.pdf', Buffer.from('%PDF-1.7\n'), /a PDF/],
    ['.gz', gzipSync('name,email\n'), /gzip archive.*Unpack it/],
    ['.zst', zstdCompressSync('name,email\n'), /zstd archive/],
    ['.html as .xls', Buffer.from('\ufeff\n<html><table><tr><td>name'), /a web page or an XML file/],
    ['.xml', Buffer.from('<?xml version="1.0"?><Workbook>'), /a web page or an XML file/],
    ['.vcf', Buffer.from('BEGIN:VCARD\r\nVERSION:3.0\r\n'), /vCard file/],
    ['.json', Buffer.from('[\n  { "name": "Ada" }\n]'), /JSON file/],
    ['.rtf', Buffer.from('{\\rtf1\\ansi name,email}'), /rich text/],
    ['UTF-32', Buffer.from('fffe00006e000000', 'hex'), /UTF-32/],
    ['zero bytes', Buffer.alloc(600), /not text/],
  ];
  for (const [what, bytes, expected] of others) {
    it(`names the kind of a file that is ${what}, and says what to do`, async () => {
      for (const chunk of [1, 1_000]) {
        const error = await read(bytes, { chunk }).catch((caught: unknown) => caught);
        expect(error).to.have.property('name', 'UnreadableFile');
        expect(error).to.have.property('message').that.matches(expected);
      }
    });
  }
});
