// A CSV file as rows of customers, read as it streams: a file of any size takes the memory of one row.
import type { Readable } from 'node:stream';
import { parse, type CsvError, type Info } from 'csv-parse';
import { CliError, exit } from '../exit.ts';

export type Row =
  /** The line on which it begins; the first line is 1. */
  { line: number; values: { name: string; email: string } } | { line: number; problem: string };

export type ReadOptions = {
  delimiter: string;
  /** Told once of the columns that are not used. */
  onHeader: (unused: string[]) => void;
};

type Parsed = { record: string[]; info: Info };

const WANTED = ['name', 'email'] as const;
/** Far above any customer: where a quote is never closed the rest of the file would be one field. */
const MAX_RECORD = 1_000_000;

export async function* readRows(input: Readable, { delimiter, onHeader }: ReadOptions): AsyncGenerator<Row> {
  // Rows that the parser itself refuses are told of on the side, while it goes on.
  const refused: { endLine: number; problem: string }[] = [];
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    relax_column_count: true,
    skip_records_with_error: true,
    max_record_size: MAX_RECORD,
    on_skip: (error) => {
      if (error) refused.push({ endLine: linesOf(error), problem: problemOf(error) });
    },
  });
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);

  let header: { width: number; at: Record<(typeof WANTED)[number], number> } | null = null;
  let lastLine = 0;
  const takeRefused = function* (): Generator<Row> {
    for (const { endLine, problem } of refused.splice(0)) {
      yield { line: lastLine + 1, problem };
      lastLine = endLine;
    }
  };
  for await (const { record, info } of parser as AsyncIterable<Parsed>) {
    yield* takeRefused();
    const line = lastLine + 1;
    lastLine = info.lines;
    if (record.length === 1 && record[0]?.trim() === '') continue;
    if (header === null) {
      header = readHeader(record, onHeader);
      continue;
    }
    yield { line, ...toRow(record, header) };
  }
  yield* takeRefused();
  if (header === null)
    throw new CliError(exit.failed, 'The file is empty: its first line must name the columns.');
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

function linesOf(error: CsvError): number {
  const lines: unknown = error['lines'];
  return typeof lines === 'number' ? lines : 0;
}

/** In our words: the parser's own repeat the data. */
function problemOf(error: CsvError): string {
  const told: Partial<Record<CsvError['code'], string>> = {
    CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed; all that follows was taken into it',
    INVALID_OPENING_QUOTE: 'has a quote inside a field that does not begin with one',
    CSV_INVALID_CLOSING_QUOTE: 'has text behind a closing quote; inside quotes a quote is written twice',
    CSV_MAX_RECORD_SIZE: `is longer than ${MAX_RECORD} characters: is a quote never closed?`,
  };
  return told[error.code] ?? `cannot be read (${error.code})`;
}
