// Reads the records of a CSV text, with the line on which each begins. A fault affects only the
// lines on which it is, and never the lines after it.
//
// csv-parse cannot do this. With `trim`, a row that goes on after its closing quote makes csv-parse
// drop all rows after it without an error; without `trim`, spaces beside quotes are stored together
// with the quotes. For well-formed files both give the same result, which a test checks.

export type CsvRecord = {
  /** The line on which the record begins; the first line is 1. */
  line: number;
  /** The text of the record, with its line end. */
  raw: string;
} & (
  | {
      /** The fields without their quotes; spaces of a field without quotes are kept. */
      fields: string[];
      /** Begins with a # outside quotes and is not a number: a comment, or meant as a row. */
      comment: boolean;
      /** False if the text ends within the record's line. */
      ended: boolean;
    }
  | { problem: string }
);

/**
 * The longest record, in UTF-16 code units, far longer than any customer. After a quote that is
 * never closed no more than this is kept in memory.
 */
export const MAX_RECORD = 1_000_000;

const NEVER_CLOSED = 'opens a quote that is never closed';

const LINE_END = /\r\n|\n|\r/g;
/** White space of any kind, also a BOM, but no line end. */
const BLANKS = /[^\S\r\n]*/y;

/**
 * `delimiter` is one character; any of CRLF, LF and CR ends a line, in any mixture. Reads a stream.
 */
export async function* readRecords(
  texts: AsyncIterable<string>,
  delimiter: string,
  firstLine = 1,
): AsyncGenerator<CsvRecord> {
  const take = createTaker(delimiter);
  let text = '';
  let line = firstLine;
  let inOverlong = false;

  function* takeAll(isEnd: boolean): Generator<CsvRecord> {
    let at = 0;
    while (at < text.length) {
      if (inOverlong) {
        const next = lineAfter(text, at, isEnd);
        if (next === null) {
          // A CR at the end may be the first half of a CRLF, so it is kept.
          at = text.length - (text.endsWith('\r') ? 1 : 0);
          break;
        }
        inOverlong = false;
        line += 1;
        at = next;
        continue;
      }
      const taken = take(text, at, isEnd);
      if (taken === null) break;
      const raw = text.slice(at, taken.next);
      yield { line, raw, ...taken.content };
      line += raw.match(LINE_END)?.length ?? 0;
      at = taken.next;
      inOverlong = taken.isCut;
    }
    text = text.slice(at);
  }

  for await (const more of texts) {
    // Only a line end completes a record, so a long record is not read again for each part of it.
    const completes = text.endsWith('\r') || /[\r\n]/.test(more);
    text += more;
    if (completes || text.length > MAX_RECORD) yield* takeAll(false);
  }
  yield* takeAll(true);
}

/**
 * The first records of a text that is the beginning of a file; an incomplete record at its end is
 * left out.
 */
export function firstRecords(text: string, delimiter: string, most: number, isEnd: boolean): CsvRecord[] {
  const take = createTaker(delimiter);
  const records: CsvRecord[] = [];
  let line = 1;
  for (let at = 0; at < text.length && records.length < most;) {
    const taken = take(text, at, isEnd);
    if (taken === null) break;
    const raw = text.slice(at, taken.next);
    records.push({ line, raw, ...taken.content });
    line += raw.match(LINE_END)?.length ?? 0;
    at = taken.next;
  }
  return records;
}

type Content = { fields: string[]; comment: boolean; ended: boolean } | { problem: string };
/** `isCut`: the line continues after `next`, and the rest of it is refused too. */
type Taken = { content: Content; next: number; isCut: boolean };
type Field = { value: string; next: number };
type Fields = { fields: string[]; next: number };
type Fault = { problem: string; openedAt: number };

/** Reads the record at a position; null if more text is needed. Pure. */
function createTaker(delimiter: string): (text: string, at: number, isEnd: boolean) => Taken | null {
  const fieldEnd = new RegExp(`[${delimiter.replace(/[\\\]^-]/, '\\$&')}\\r\\n]`, 'g');

  function skipBlanks(text: string, at: number): number {
    BLANKS.lastIndex = at;
    const blanks = BLANKS.exec(text)?.[0] ?? '';
    const upTo = blanks.indexOf(delimiter);
    return at + (upTo === -1 ? blanks.length : upTo);
  }

  function takeQuoted(text: string, openedAt: number, isEnd: boolean): Field | Fault | null {
    for (let at = openedAt + 1; ;) {
      const quote = text.indexOf('"', at);
      if (quote === -1) {
        if (!isEnd && text.length - openedAt <= MAX_RECORD) return null;
        return { problem: NEVER_CLOSED, openedAt };
      }
      if (quote + 1 === text.length && !isEnd) return null;
      if (text[quote + 1] === '"') {
        at = quote + 2;
        continue;
      }
      const next = skipBlanks(text, quote + 1);
      if (next === text.length && !isEnd) return null;
      const after = text[next];
      if (after === undefined || after === delimiter || after === '\n' || after === '\r') {
        return { value: text.slice(openedAt + 1, quote).replaceAll('""', '"'), next };
      }
      const problem =
        'has text after a closing quote; write a quote inside quotes twice ("")' +
        (text[quote - 1] === '\\' ? ', not as \\"' : '');
      return { problem, openedAt };
    }
  }

  function takeField(text: string, at: number, isEnd: boolean): Field | Fault | null {
    const start = skipBlanks(text, at);
    if (start === text.length && !isEnd) return null;
    if (text[start] === '"') return takeQuoted(text, start, isEnd);
    fieldEnd.lastIndex = start;
    const next = fieldEnd.exec(text)?.index ?? text.length;
    return next === text.length && !isEnd ? null : { value: text.slice(at, next), next };
  }

  function takeFields(text: string, start: number, isEnd: boolean): Fields | Fault | null {
    const fields: string[] = [];
    for (let at = start; ; at += 1) {
      const field = takeField(text, at, isEnd);
      if (field === null || 'problem' in field) return field;
      fields.push(field.value);
      at = field.next;
      if (text[at] !== delimiter) return { fields, next: at };
    }
  }

  /** A comment is never more than its line, so that a quote in it cannot hide rows. */
  function takeComment(text: string, start: number, isEnd: boolean): Taken | null {
    const isLong = text.length - start > MAX_RECORD;
    const end = lineAfter(text, start, isEnd || isLong);
    if (end === null && !isEnd && !isLong) return null;
    const next = end ?? text.length;
    const line = text.slice(start, next).replace(/[\r\n]+$/, '');
    const place = { next, isCut: end === null && !isEnd };
    const taken = takeFields(line, 0, true);
    if (taken !== null && 'fields' in taken) {
      return { content: { fields: taken.fields, comment: true, ended: end !== null }, ...place };
    }
    if (taken?.problem === NEVER_CLOSED || line.includes('@')) {
      const problem = `begins with # like a comment, but ${taken?.problem ?? 'is not a valid line'}`;
      return { content: { problem }, ...place };
    }
    return { content: { fields: [line], comment: true, ended: true }, ...place };
  }

  return (text, start, isEnd) => {
    const first = skipBlanks(text, start);
    if (first + 1 >= text.length && !isEnd) return null;
    // "#1001" is a number.
    if (text[first] === '#' && !/\d/.test(text[first + 1] ?? '')) return takeComment(text, start, isEnd);
    const isLong = text.length - start > MAX_RECORD;
    const taken = takeFields(text, start, isEnd);
    if (taken === null) return isLong ? cut(text, start) : null;
    const next = lineAfter(text, 'fields' in taken ? taken.next : taken.openedAt, isEnd || isLong);
    if (next === null && !isEnd && !isLong) return null;
    const content: Content =
      'fields' in taken
        ? { fields: taken.fields, comment: false, ended: next !== null }
        : { problem: taken.problem };
    return { content, next: next ?? text.length, isCut: next === null && !isEnd };
  };
}

function cut(text: string, start: number): Taken {
  const next = lineAfter(text, start, true);
  const problem = `is longer than ${MAX_RECORD.toLocaleString('en-US')} characters`;
  return { content: { problem }, next: next ?? text.length, isCut: next === null };
}

/** Where the next line begins; null if the text ends before that is known. */
function lineAfter(text: string, at: number, isEnd: boolean): number | null {
  LINE_END.lastIndex = at;
  const end = LINE_END.exec(text);
  if (end === null) return null;
  const next = end.index + end[0].length;
  // A CR at the very end may be half of a CRLF.
  return end[0] === '\r' && next === text.length && !isEnd ? null : next;
}
