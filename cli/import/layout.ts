// How a file is laid out, read from its beginning: what separates the fields, and on which line the
// header is. A delimiter is right if it makes a header of columns that are known; nothing is
// counted or guessed.
import { CliError, exit } from '../exit.ts';
import { readHeader, type Columns, type HeaderReading, type Mapping } from './columns.ts';
import { firstRecords, type CsvRecord } from './records.ts';
import { show, showList } from './shown.ts';

export type Layout = {
  delimiter: string;
  columns: Columns;
  /** The header's line. */
  line: number;
  /** Records with something in them before the header: titles and comments. */
  before: number;
  /** Where the records begin that follow the header, in characters, and the line that this is. */
  body: { at: number; line: number };
};

export type LayoutOptions = {
  /** Said by a person; found if not. */
  delimiter?: string | undefined;
  map?: readonly Mapping[] | undefined;
  namesFromEmail?: boolean | undefined;
};

/** What separates fields in the files that people have. */
const DELIMITERS = [',', ';', '\t', '|'];
/** Enough for titles and comments. */
const MOST_BEFORE = 30;

/** Excel's own first line. */
const SEPARATOR = /^\ufeff?"?sep=([^"\r\n])"?[ \t]*(?:\r\n|\n|\r|$)/i;

/** `isEnd`: the text is the whole file. Throws a CliError that names the columns found where no header is. */
export function findLayout(text: string, isEnd: boolean, options: LayoutOptions): Layout {
  const separator = SEPARATOR.exec(text)?.[1];
  const said = options.delimiter ?? separator;
  const candidates = said === undefined ? DELIMITERS : [said];
  const readings = candidates.map((delimiter) => lookFor(text, isEnd, delimiter, options));
  const found = readings
    .filter((reading) => reading.layout !== undefined)
    .sort((a, b) => score(b) - score(a))[0];
  if (found?.layout) return found.layout;
  if (readings.every(({ header, fault }) => header.length > 0 || fault !== undefined)) {
    const best = readings.sort((a, b) => b.header.length - a.header.length)[0];
    if (best !== undefined)
      throw new CliError(exit.failed, explain(best, said, findOther(said, text, isEnd, options)));
  }
  if (text.trim() !== '' && !isEnd) {
    throw new CliError(exit.failed, 'The file begins with a line without end. Is it a CSV file?');
  }
  throw new CliError(exit.failed, 'The file is empty: a line that names the columns is wanted, and rows.');
}

/** A delimiter that would do where the one that was said does not. */
function findOther(
  said: string | undefined,
  text: string,
  isEnd: boolean,
  options: LayoutOptions,
): string | undefined {
  if (said === undefined) return undefined;
  return DELIMITERS.find((delimiter) => lookFor(text, isEnd, delimiter, options).layout !== undefined);
}

type Look = {
  layout?: Layout;
  /** The line that is the likeliest to be meant as the header; empty where no line has a value. */
  header: string[];
  line: number;
  reading: HeaderReading;
  /** The first line that cannot be read, as a sentence. */
  fault?: string;
};

function lookFor(text: string, isEnd: boolean, delimiter: string, options: LayoutOptions): Look {
  const { map = [], namesFromEmail = false } = options;
  let best: Look = { header: [], line: 1, reading: { kind: 'missing', missing: ['name', 'email'] } };
  let at = 0;
  let before = 0;
  const records = firstRecords(text, delimiter, MOST_BEFORE, isEnd);
  for (const [index, record] of records.entries()) {
    at += record.raw.length;
    if (isSeparator(record, index) || isBlank(record)) continue;
    if ('problem' in record) {
      best.fault ??= `Line ${record.line} ${record.problem}.`;
      before += 1;
      continue;
    }
    const header = record.fields;
    const reading = readHeader(header, map, namesFromEmail);
    if (reading.kind === 'found') {
      const line = records[index + 1]?.line ?? record.line + lineEnds(record.raw);
      const layout = { delimiter, columns: reading.columns, line: record.line, before, body: { at, line } };
      return { layout, header, line: record.line, reading };
    }
    before += 1;
    // Not before now: the first column may be called "#".
    if (record.comment) continue;
    if (rank(reading, header) > rank(best.reading, best.header))
      best = { ...best, header, line: record.line, reading };
    // Rows have begun: what names the columns stands before them, or nowhere.
    if (isRow(header)) break;
  }
  return best;
}

/**
 * Which line is the likeliest to be meant as the header: one that has some of what is wanted, then
 * the widest.
 */
function rank(reading: HeaderReading, header: string[]): number {
  const known = reading.kind === 'missing' ? 2 - reading.missing.length : 3;
  return known * 10_000 + header.filter((name) => name.trim() !== '').length;
}

function score({ header, layout }: Look): number {
  return Object.keys(layout?.columns.at ?? {}).length * 10_000 + header.length;
}

function isSeparator(record: CsvRecord, index: number): boolean {
  return index === 0 && SEPARATOR.test(record.raw);
}

export function isBlank(record: CsvRecord): boolean {
  // A file of DOS may end in its end-of-file character.
  return 'fields' in record && record.fields.every((field) => /^[\s\u001a]*$/.test(field));
}

function isRow(fields: string[]): boolean {
  const filled = fields.filter((field) => field.trim() !== '');
  return filled.length > 1 && filled.some((field) => /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(field.trim()));
}

function lineEnds(raw: string): number {
  return raw.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function explain(
  { header, line, reading, fault }: Look,
  said: string | undefined,
  other: string | undefined,
): string {
  if (other !== undefined) {
    return (
      `With ${nameOf(said ?? ',')} between the fields no line names the columns. It does with ${nameOf(other)}: ` +
      `--delimiter ${other === '\t' ? 'tab' : `'${other}'`}`
    );
  }
  if (header.length === 0 && fault !== undefined) return `No line names the columns name and email. ${fault}`;
  const columns = `The columns on line ${line} are ${showList(header.map((name) => name.trim()))}.`;
  if (reading.kind === 'twice') {
    const positions = reading.positions.join(' and ');
    return (
      `The column ${show(reading.name)} is there twice, at the positions ${positions}. ` +
      `Say which one is meant by its position: --map '${reading.positions[0] ?? 1}=${reading.target}'. ${columns}`
    );
  }
  if (reading.kind === 'unmapped') return `No column is called ${show(reading.column)} (--map). ${columns}`;
  if (reading.kind === 'found') return columns;
  const named = header.map((name) => name.trim()).filter((name) => name !== '');
  const example = reading.missing.map((target, at) => {
    const column = named[at] ?? named[0] ?? '';
    return `--map ${quoteForShell(`${column}=${target}`)}`;
  });
  return [
    `No line names the columns name and email; ${reading.missing.join(' and ')} ${reading.missing.length === 1 ? 'is' : 'are'} missing.`,
    columns,
    `Say which column is which, such as ${example.join(' ')}.`,
    ...(reading.missing.join() === 'name'
      ? ['Or take the part of the email before the @ as the name: --names-from-email.']
      : []),
    ...(fault === undefined ? [] : [fault]),
    ...(header.length === 1 ? ['Is another character between the fields? See --delimiter.'] : []),
  ].join(' ');
}

function quoteForShell(text: string): string {
  return `'${show(text)
    .slice(1, -1)
    .replaceAll("'", String.raw`'\''`)}'`;
}

function nameOf(delimiter: string): string {
  return delimiter === '\t' ? 'a tabulator' : show(delimiter);
}
