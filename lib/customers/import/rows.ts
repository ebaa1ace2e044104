// Reads a file as rows of customers from a stream: a file of any size takes the memory of its
// longest row.
//
// No line is lost silently: it is a row, or it is refused with its line and reason, or it is
// counted as not imported (titles, comments, and rows without any value).
import { adviceOfCommand, type Advice } from './advice.ts';
import type { Columns } from './columns.ts';
import { byteLength, decodeText } from './encoding.ts';
import { findLayout, isBlank, type Layout, type LayoutOptions } from './layout.ts';
import { toPerson, type Derived, type Person, type Unfit } from './person.ts';
import type { RowFields } from '../../../db/entities/rows.ts';
import { UnreadableFile } from './unreadable.ts';
import { readRecords, type CsvRecord } from './records.ts';

export type Row = ({ values: RowFields; derived?: Derived; severalEmails?: true } & Place) | (NotRow & Place);

/** `found`: the values of the row, by their fields. */
type NotRow = Unfit & { found?: Record<string, string> };

type Place = {
  /** The line on which the row begins; the first line is 1. */
  line: number;
  /** The size in the file, with the lines before it that were not imported. */
  bytes?: number;
};

export type Passed = { before: number; comments: number; blank: number };

export type ReadOptions = LayoutOptions & {
  /** A name that TextDecoder knows; found in the file if it is not given. */
  encoding?: string | undefined;
  /** Called once, before the first row. */
  onLayout?: (layout: Layout) => void;
  /** Called at the end, with the numbers of lines that were not imported. */
  onEnd?: (passed: Passed) => void;
};

/** How many characters at the beginning are searched for the header. */
const HEAD = 65_536;

/** Throws UnreadableFile, which says what to do if the whole file cannot be read. */
export async function* readRows(
  input: AsyncIterable<string | Buffer>,
  options: ReadOptions = {},
): AsyncGenerator<Row> {
  let encoding = 'utf-8';
  const texts = decodeText(input, options.encoding, (name) => (encoding = name));
  try {
    const { head, layout } = await readHead(texts, options);
    options.onLayout?.(layout);

    const passed: Passed = { before: layout.before, comments: 0, blank: 0 };
    let bytes = byteLength(head.slice(0, layout.body.at), encoding);
    const records = readRecords(
      prepend(head.slice(layout.body.at), texts),
      layout.delimiter,
      layout.body.line,
    );
    for await (const record of records) {
      bytes += byteLength(record.raw, encoding);
      const row = toRow(record, layout.columns, options.advice ?? adviceOfCommand);
      if (typeof row === 'string') {
        passed[row] += 1;
        continue;
      }
      yield { line: record.line, bytes, ...row };
      bytes = 0;
    }
    options.onEnd?.(passed);
  } finally {
    // The file is closed, also if no header was found.
    await texts.return(undefined);
  }
}

type Content = Person | NotRow;

function toRow(record: CsvRecord, columns: Columns, advice: Advice): Content | 'comments' | 'blank' {
  if ('problem' in record) return { problem: record.problem };
  if (isBlank(record)) return 'blank';
  const { fields, comment, ended } = record;
  const { width, at } = columns;
  if (comment) {
    // A row that is commented out, or a name that begins with #: only a person knows.
    if (!(fields[at.email ?? -1] ?? '').includes('@')) return 'comments';
    const problem =
      'begins with # like a comment, but has an email; if it is a row, put its first field in quotes';
    return { problem, found: findValues(fields, columns) };
  }
  const isLong = fields.slice(width).some((field) => field.trim() !== '');
  if (isLong) {
    return {
      problem: `has ${fields.length} fields where the header has ${width}; put a field that contains the separator in quotes`,
      found: findValues(fields, columns),
    };
  }
  if (fields.length < width && !ended) {
    return {
      problem: `is cut off: the file ends after ${fields.length} of ${width} fields`,
      found: findValues(fields, columns),
    };
  }
  if (fields.length <= (at.email ?? 0)) {
    const problem = `the email is missing: the row has ${fields.length} of ${width} fields`;
    return { problem, found: findValues(fields, columns) };
  }
  const person = toPerson(fields, columns, advice);
  return 'problem' in person ? { ...person, found: findValues(fields, columns) } : person;
}

function findValues(fields: readonly string[], { at }: Columns): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [target, position] of Object.entries(at)) {
    const value = fields[position]?.trim() ?? '';
    if (value !== '') found[target] = value;
  }
  return found;
}

/**
 * Reads until the header is found for certain: on the first line, so that rows need not wait for more of a
 * file that comes slowly, or in the whole head. Throws UnreadableFile if there is none.
 */
async function readHead(
  texts: AsyncGenerator<string>,
  options: LayoutOptions,
): Promise<{ head: string; layout: Layout }> {
  let head = '';
  while (head.length < HEAD) {
    const next: IteratorResult<string, unknown> = await texts.next();
    if (next.done === true) return { head, layout: findLayout(head, true, options) };
    head += next.value;
    const layout = /[\r\n]/.test(next.value) ? tryLayout(head, options) : null;
    if (layout?.before === 0) return { head, layout };
  }
  return { head, layout: findLayout(head, false, options) };
}

function tryLayout(head: string, options: LayoutOptions): Layout | null {
  try {
    return findLayout(head, false, options);
  } catch (error) {
    if (error instanceof UnreadableFile) return null;
    throw error;
  }
}

async function* prepend(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}
