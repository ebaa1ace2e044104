// Finds the layout of a file from its beginning: the character between the fields, and the line of
// the header. The right delimiter is the one that gives a header of known columns; nothing is
// guessed by counting characters.
import type { Field } from '../../catalogue/entity.ts';
import { readHeader, type Columns, type HeaderReading, type Mapping } from './columns.ts';
import { firstRecords, type CsvRecord } from './records.ts';
import { adviceOfCommand, type Advice } from './advice.ts';
import { show, showList } from './shown.ts';
import { UnreadableFile } from './unreadable.ts';

export type Layout = {
  delimiter: string;
  columns: Columns;
  /** The header's line. */
  line: number;
  /** The number of non-empty records before the header: titles and comments. */
  before: number;
  /** Where the records after the header begin: the position in characters, and the line. */
  body: { at: number; line: number };
};

export type LayoutOptions = {
  /** Given by a person; found in the file if it is not given. */
  delimiter?: string | undefined;
  map?: readonly Mapping[] | undefined;
  namesFromEmail?: boolean | undefined;
  /** The fields of the entity besides the name and the email. */
  fields?: readonly Field[] | undefined;
  /** The words of the caller; by default those of the command. */
  advice?: Advice | undefined;
};

/** Common characters between fields. */
const DELIMITERS = [',', ';', '\t', '|'];
/** The largest number of records that are searched for the header. */
const MOST_BEFORE = 30;

/** The first line of some Excel exports: `sep=;`. */
const SEPARATOR = /^\ufeff?"?sep=([^"\r\n])"?[ \t]*(?:\r\n|\n|\r|$)/i;

/**
 * `isEnd`: the text is the whole file. If no line is a header, throws UnreadableFile, which
 * names the columns.
 */
export function findLayout(text: string, isEnd: boolean, options: LayoutOptions): Layout {
  const separator = SEPARATOR.exec(text)?.[1];
  const given = options.delimiter ?? separator;
  const candidates = given === undefined ? DELIMITERS : [given];
  const readings = candidates.map((delimiter) => lookFor(text, isEnd, delimiter, options));
  const found = readings
    .filter((reading) => reading.layout !== undefined)
    .sort((a, b) => score(b) - score(a))[0];
  if (found?.layout) return found.layout;
  if (readings.every(({ header, fault }) => header.length > 0 || fault !== undefined)) {
    const best = readings.sort((a, b) => b.header.length - a.header.length)[0];
    if (best !== undefined)
      throw new UnreadableFile(explain(best, given, findOther(given, text, isEnd, options), options));
  }
  if (text.trim() !== '' && !isEnd) {
    throw new UnreadableFile('The first line of the file is too long. Is it a CSV file?');
  }
  throw new UnreadableFile('The file is empty. It needs a line that names the columns, and rows.');
}

/** A delimiter that gives a header where the given one does not. */
function findOther(
  given: string | undefined,
  text: string,
  isEnd: boolean,
  options: LayoutOptions,
): string | undefined {
  if (given === undefined) return undefined;
  return DELIMITERS.find((delimiter) => lookFor(text, isEnd, delimiter, options).layout !== undefined);
}

type Look = {
  layout?: Layout;
  /** The line that is most probably meant as the header; empty if no line has a value. */
  header: string[];
  line: number;
  reading: HeaderReading;
  /** The first line that cannot be read, as a sentence. */
  fault?: string;
};

function lookFor(text: string, isEnd: boolean, delimiter: string, options: LayoutOptions): Look {
  const { map = [], namesFromEmail = false, fields = [] } = options;
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
    const reading = readHeader(header, map, { namesFromEmail, fields });
    if (reading.kind === 'found') {
      const line = records[index + 1]?.line ?? record.line + lineEnds(record.raw);
      const layout = { delimiter, columns: reading.columns, line: record.line, before, body: { at, line } };
      return { layout, header, line: record.line, reading };
    }
    before += 1;
    // Checked only after the header was looked for: the first column may be called "#".
    if (record.comment) continue;
    if (rank(reading, header) > rank(best.reading, best.header))
      best = { ...best, header, line: record.line, reading };
    // This is a row already, so a header cannot follow.
    if (isRow(header)) break;
  }
  return best;
}

/**
 * How probable it is that a line is meant as the header: a line with more of the required columns,
 * then the line with more columns.
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
  given: string | undefined,
  other: string | undefined,
  { advice = adviceOfCommand }: LayoutOptions,
): string {
  if (other !== undefined) {
    return (
      `With ${nameOf(given ?? ',')} between the fields no line names the columns. With ${nameOf(other)} a line does: ` +
      advice.delimiter(other)
    );
  }
  if (header.length === 0 && fault !== undefined) return `No line names the columns name and email. ${fault}`;
  const columns = `The columns on line ${line} are ${showList(header.map((name) => name.trim()))}.`;
  if (reading.kind === 'twice') {
    const positions = reading.positions.join(' and ');
    return (
      `The file has two columns ${show(reading.name)}, at the positions ${positions}. ` +
      `Choose one by its position: ${advice.map(String(reading.positions[0] ?? 1), reading.target)}. ${columns}`
    );
  }
  if (reading.kind === 'unmapped')
    return `No column is called ${show(reading.column)} (${advice.mapping}). ${columns}`;
  if (reading.kind === 'found') return columns;
  const named = header.map((name) => name.trim()).filter((name) => name !== '');
  const example = reading.missing.map((target, at) => {
    const column = named[at] ?? named[0] ?? '';
    return advice.map(show(column).slice(1, -1), target);
  });
  return [
    `No line names the columns name and email; ${reading.missing.join(' and ')} ${reading.missing.length === 1 ? 'is' : 'are'} missing.`,
    columns,
    `Name the columns, such as ${example.join(' ')}.`,
    ...(reading.missing.join() === 'name'
      ? [`Or use the part of the email before the @ as the name: ${advice.namesFromEmail}.`]
      : []),
    ...(fault === undefined ? [] : [fault]),
    ...(header.length === 1
      ? [`Is another character between the fields? See ${advice.delimiter(';')}.`]
      : []),
  ].join(' ');
}

function nameOf(delimiter: string): string {
  return delimiter === '\t' ? 'a tabulator' : show(delimiter);
}
