// Recognises files that are not CSV by their first bytes, since their names may end in .csv
// nevertheless.

const SAVE = 'Open it in a spreadsheet program and save it as "CSV UTF-8"; import that file.';
const UNPACK = 'Unpack it and import the CSV file that is in it.';

/** The first bytes, in Latin-1; the name of the format; what to do. */
const BEGINNINGS: readonly [RegExp, string, string][] = [
  [/^PK\x03\x04.*(?:\[Content_Types\]\.xml|xl\/)/s, 'an Excel workbook (.xlsx)', SAVE],
  [/^PK\x03\x04.*opendocument\.spreadsheet/s, 'a LibreOffice workbook (.ods)', SAVE],
  [/^PK\x03\x04.*Index\/(?:Document|Tables)/s, 'a Numbers workbook (.numbers)', SAVE],
  [/^PK[\x03\x05\x07][\x04\x06\x08]/, 'a workbook (.xlsx, .ods) or a zip archive', `${SAVE} ${UNPACK}`],
  [/^\xd0\xcf\x11\xe0/, 'an old Excel workbook (.xls)', SAVE],
  [/^%PDF/, 'a PDF', 'Ask the program that made it for a CSV export.'],
  [/^\x1f\x8b/, 'a gzip archive', UNPACK],
  [/^BZh[1-9]/, 'a bzip2 archive', UNPACK],
  [/^\xfd7zXZ\0/, 'an xz archive', UNPACK],
  [/^\x28\xb5\x2f\xfd/, 'a zstd archive', UNPACK],
  [/^7z\xbc\xaf/, 'a 7-Zip archive', UNPACK],
  [/^Rar!/, 'a RAR archive', UNPACK],
  [/^SQLite format 3\0/, 'an SQLite database', 'Export the table of customers as CSV.'],
  [/^PAR1/, 'a Parquet file', 'Export it as CSV.'],
  [/^\{\\rtf/, 'a rich text document (.rtf)', 'Save it as plain text (UTF-8).'],
  [/^(?:\xff\xfe\0\0|\0\0\xfe\xff)/, 'text in UTF-32', 'Save it as UTF-8.'],
  [/^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|table|\?xml|workbook)/i, 'a web page or an XML file', SAVE],
  [/^(?:\xef\xbb\xbf)?\s*BEGIN:VCARD/i, 'a vCard file (.vcf)', 'Export the contacts as CSV.'],
  [
    /^(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*"/,
    'a JSON file',
    'Export it as CSV, or send its customers to the API.',
  ],
];

/** How many bytes at the beginning are needed. */
export const KIND_BYTES = 4_096;

// No zero byte, as every text in UTF-16 and most other formats have, and no beginning of a mark-up or of JSON.
const PLAIN_LINE = /^(?![\s\xef\xbb\xbf]*(?:[<{[\xfe\xff]|$))[^\0]*[\r\n][^\0]*$/;

/**
 * Whether the bytes that have come so far are a line of text, so that no more are needed: the rows of a file that
 * comes slowly need not wait.
 */
export function isPlainLine(head: Buffer): boolean {
  return PLAIN_LINE.test(head.toString('latin1'));
}

/** A sentence if the file is certainly not CSV, otherwise null. */
export function findOtherKind(head: Buffer): string | null {
  const text = head.subarray(0, KIND_BYTES).toString('latin1');
  const found = BEGINNINGS.find(([begins]) => begins.test(text));
  return found === undefined ? null : `The file is ${found[1]}, not a CSV file. ${found[2]}`;
}
