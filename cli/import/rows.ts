// A CSV file as rows of customers, read as it streams: a file of any size takes the memory of one row.
import type { Readable } from 'node:stream';
import { parse, type CsvError } from 'csv-parse';
import { CliError, exit } from '../exit.ts';

export type Row =
  /** The line on which it begins; the first line is 1. */
  { line: number; values: { name: string; email: string } } | { line: number; problem: string };

export type ReadOptions = {
  delimiter: string;
  /** Told once of the columns that are not used. */
  onHeader: (unused: string[]) => void;
};

const WANTED = ['name', 'email'] as const;
/** Far above any customer: where a quote is never closed the rest of the file would be one field. */
const MAX_RECORD = 1_000_000;

export async function* readRows(input: Readable, { delimiter, onHeader }: ReadOptions): AsyncGenerator<Row> {
  const broken: CsvError[] = [];
  const parser = parse({
    bom: true,
    delimiter,
    relax_column_count: true,
    // A quote inside a field that does not begin with one is just a quote: 5" disk.
    relax_quotes: true,
    max_record_size: MAX_RECORD,
    // An error would throw away the rows before it that are still in the buffer.
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error && broken.length === 0) broken.push(error);
    },
  });
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);

  let header: { width: number; at: Record<(typeof WANTED)[number], number> } | null = null;
  let line = 1;
  for await (const record of parser as AsyncIterable<string[]>) {
    const begins = line;
    line += linesOf(record);
    if (record.length === 1 && record[0]?.trim() === '') continue;
    if (header === null) header = readHeader(record, onHeader);
    else yield { line: begins, ...toRow(record, header) };
  }
  // After the first nothing can be trusted, and there is nothing after it: both kinds reach to the end.
  if (broken[0]) yield { line, problem: problemOf(broken[0]) };
  if (header === null)
    throw new CliError(exit.failed, 'The file is empty: its first line must name the columns.');
}

/** Counted here: the parser counts a line break of two characters inside quotes twice. */
function linesOf(record: string[]): number {
  return record.reduce((lines, field) => lines + (field.match(/\r\n|\n|\r/g)?.length ?? 0), 1);
}

function readHeader(record: string[], onHeader: ReadOptions['onHeader']) {
  const names = record.map((name) => name.trim().toLowerCase());
  const twice = names.find((name, at) => name !== '' && names.indexOf(name) !== at);
  if (twice !== undefined) throw new CliError(exit.failed, `The column ${twice} is there twice.`);
  const missing = WANTED.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const hint = /[;\t]/.test(record[0] ?? '') ? ' Is it separated by something else? See --delimiter.' : '';
    throw new CliError(
      exit.failed,
      `The first line must name the columns name and email; ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing.${hint}`,
    );
  }
  onHeader(record.map((name) => name.trim()).filter((_name, at) => !isWanted(names[at] ?? '')));
  return { width: record.length, at: { name: names.indexOf('name'), email: names.indexOf('email') } };
}

function isWanted(name: string): boolean {
  return name === 'name' || name === 'email';
}

type Content = { values: { name: string; email: string } } | { problem: string };

function toRow(
  record: string[],
  { width, at }: { width: number; at: { name: number; email: number } },
): Content {
  if (record.length !== width) {
    return { problem: `has ${record.length} fields where the first line has ${width}` };
  }
  const values = { name: record[at.name] ?? '', email: record[at.email] ?? '' };
  // What the decoder puts where the bytes are no UTF-8.
  const broken = WANTED.find((name) => values[name].includes('\ufffd'));
  if (broken !== undefined) return { problem: `${broken} is not readable as UTF-8; save the file as UTF-8` };
  return { values };
}

/** In our words: the parser's own repeat the data. Both end the file. */
function problemOf({ code }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return 'opens a quote that is never closed; all that follows was taken into it';
  if (code === 'CSV_MAX_RECORD_SIZE') {
    return `is longer than ${MAX_RECORD} characters (is a quote never closed?); what follows was not read`;
  }
  return `cannot be read (${code}); what follows was not read`;
}
