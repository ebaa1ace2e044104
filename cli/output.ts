// Standard output is for data, standard error for everything else. A reader that goes away (`… |
// head`) ends the printing, not the work: the exit status stays true.
//
// Anyone who checks out at Stripe writes names and emails. So everything that is printed passes
// this file, and what would move a cursor, change the order of letters or begin a line of its own
// is shown as an escape; JSON keeps its values by its own escapes.
import { escapeUnseen, escapeUnseenJson } from '../lib/escape-unseen.ts';

export type Output = ReturnType<typeof createOutput>;

/** As much of a WriteStream as is used. */
type Stream = {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  isTTY?: boolean;
  hasColors?(): boolean;
};

export function createOutput(stdout: Stream = process.stdout, stderr: Stream = process.stderr) {
  const gone = new Set<Stream>();
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: the terminal was closed.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      gone.add(stream);
    });
  }
  const write = (stream: Stream, text: string): void => {
    if (!gone.has(stream)) stream.write(text);
  };
  // hasColors() knows NO_COLOR and FORCE_COLOR.
  const paint = (stream: Stream, code: number, text: string): string =>
    stream.isTTY === true && stream.hasColors?.() === true ? `\u001b[${code}m${text}\u001b[0m` : text;

  return {
    /** A line of data; a line break in it is shown as one. */
    print: (line = '') => write(stdout, `${escapeUnseen(line)}\n`),
    /** A line of data that stands out, where there are colours. */
    printTitle: (line: string) => write(stdout, `${paint(stdout, 1, escapeUnseen(line))}\n`),
    printJson: (value: unknown) => write(stdout, `${escapeUnseenJson(JSON.stringify(value, null, 2))}\n`),
    /** One line of JSON, for those who read as it comes. */
    printJsonLine: (value: unknown) => write(stdout, `${escapeUnseenJson(JSON.stringify(value))}\n`),
    /** A line for a person, or several; a further one never begins where lines of their own begin. */
    say: (text = '') => write(stderr, `${forPerson(text)}\n`),
    /** As they come, for the parser of the command line. */
    write: (text: string) => write(stdout, escapeUnseen(text, '\n')),
    writeError: (text: string) => write(stderr, escapeUnseen(text, '\n')),
    /** Moves within the last line; only where `canRedraw`. */
    redraw: (text: string) => write(stderr, `\r\u001b[2K${escapeUnseen(text)}`),
    canRedraw: stderr.isTTY === true,
  };
}

/**
 * For standard error, past an Output: the same as `say`. Messages of our own have several lines,
 * and values within them.
 */
export function forPerson(text: string): string {
  return escapeUnseen(text, '\n').replace(/\n(?=[^\s])/g, '\n  ');
}

/**
 * Columns as wide as their widest cell; the last one is not filled up. Cells are escaped here,
 * since that makes them wider.
 */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map((cell) => escapeUnseen(cell)));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  }
  return rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '),
  );
}

/** `1 customer`, `2 customers`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}
