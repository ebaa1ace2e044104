// Standard output is for data, standard error for everything else. If the program that reads the
// output ends early (`… | head`), printing stops, and the work and its exit status do not change.
//
// Anyone who checks out at Stripe can write any name and email. So this file prints everything, and
// shows characters that would move the cursor, change the order of letters or begin a new line as
// escapes. JSON keeps its values by its own escapes.
import { escapeUnseen, escapeUnseenJson } from '../lib/escape-unseen.ts';

export type Output = ReturnType<typeof createOutput>;

/** The part of a WriteStream that is used. */
type Stream = {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  isTTY?: boolean;
  hasColors?(): boolean;
};

export function createOutput(stdout: Stream = process.stdout, stderr: Stream = process.stderr) {
  const gone = new Set<Stream>();
  const closed = Promise.withResolvers<undefined>();
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: the terminal was closed.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      gone.add(stream);
      if (stream === stdout) closed.resolve(undefined);
    });
  }
  const write = (stream: Stream, text: string): void => {
    if (!gone.has(stream)) stream.write(text);
  };
  // hasColors() knows NO_COLOR and FORCE_COLOR.
  const paint = (stream: Stream, code: number, text: string): string =>
    stream.isTTY === true && stream.hasColors?.() === true ? `\u001b[${code}m${text}\u001b[0m` : text;

  return {
    /** A line of data; a line break in it is shown as an escape. */
    print: (line = '') => write(stdout, `${escapeUnseen(line)}\n`),
    /** A line of data, in bold if the terminal has colours. */
    printTitle: (line: string) => write(stdout, `${paint(stdout, 1, escapeUnseen(line))}\n`),
    printJson: (value: unknown) => write(stdout, `${escapeUnseenJson(JSON.stringify(value, null, 2))}\n`),
    /** One line of JSON, for programs that read line by line. */
    printJsonLine: (value: unknown) => write(stdout, `${escapeUnseenJson(JSON.stringify(value))}\n`),
    /** One or several lines for a person; the lines after the first one are indented. */
    say: (text = '') => write(stderr, `${forPerson(text)}\n`),
    /** Text without an added line end, for the parser of the command line. */
    write: (text: string) => write(stdout, escapeUnseen(text, '\n')),
    /** The text as it is, for a program that reads it; a terminal gets escapes. */
    writeExact: (text: string) => write(stdout, stdout.isTTY === true ? escapeUnseen(text, '\n') : text),
    writeError: (text: string) => write(stderr, escapeUnseen(text, '\n')),
    /** Replaces the last line; only if `canRedraw`. */
    redraw: (text: string) => write(stderr, `\r\u001b[2K${escapeUnseen(text)}`),
    canRedraw: stderr.isTTY === true,
    /** Clears the terminal and shows these lines; only if `canDraw`. */
    draw: (lines: readonly string[]) =>
      write(stdout, `\u001b[H\u001b[2J${lines.map((line) => `${escapeUnseen(line)}\n`).join('')}`),
    canDraw: stdout.isTTY === true,
    /** Resolves when the program that reads standard output has ended: nothing more is seen. */
    gone: closed.promise,
  };
}

/**
 * The text of `say`, for code that writes to standard error without an Output. Our messages may
 * have several lines, and values in them.
 */
export function forPerson(text: string): string {
  return escapeUnseen(text, '\n').replace(/\n(?=[^\s])/g, '\n  ');
}

/**
 * Columns as wide as their widest cell; the last column is not padded. Cells are escaped here,
 * since escapes make them wider. On a terminal of `width` characters, columns with sentences are cut
 * until the rows fit; ids, times and numbers stay whole, so that they can be copied.
 */
export function table(
  cells: readonly (readonly string[])[],
  width: number | undefined = terminalWidth(),
): string[] {
  const rows = cells.map((row) => row.map((cell) => escapeUnseen(cell)));
  const widths = fittingWidths(rows, width ?? Infinity);
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const shown = cut(cell, widths[at] ?? 0);
        return at === row.length - 1 ? shown : shown.padEnd(widths[at] ?? 0);
      })
      .join('  '),
  );
}

/** Undefined where nothing has to fit: in a pipe or a file. */
function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

/** A sentence keeps this much, and a table that is still too wide is folded by the terminal. */
const LEAST_SENTENCE = 16;

function fittingWidths(rows: readonly (readonly string[])[], most: number): number[] {
  const widths: number[] = [];
  const sentences = new Set<number>();
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
      if (cell.includes(' ') && !/^[\d: .-]+$/.test(cell)) sentences.add(at);
    });
  }
  let excess = widths.reduce((sum, each) => sum + each + 2, -2) - most;
  while (excess > 0) {
    const [widest] = [...sentences].toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined || (widths[widest] ?? 0) <= LEAST_SENTENCE) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function cut(cell: string, width: number): string {
  return cell.length > width ? `${cell.slice(0, width - 1).trimEnd()}…` : cell;
}

/** `1 customer`, `2 customers`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? noun : plural}`;
}
