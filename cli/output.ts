// Standard output is for data, standard error for everything else. A reader that goes away (`… | head`) ends the printing,
// not the work: the exit status stays true.

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
    /** A line of data. */
    print: (line = '') => write(stdout, `${line}\n`),
    printJson: (value: unknown) => write(stdout, `${JSON.stringify(value, null, 2)}\n`),
    /** One line of JSON, for those who read as it comes. */
    printJsonLine: (value: unknown) => write(stdout, `${JSON.stringify(value)}\n`),
    /** A line for a person. */
    say: (line = '') => write(stderr, `${line}\n`),
    /** As they come, for the parser of the command line. */
    write: (text: string) => write(stdout, text),
    writeError: (text: string) => write(stderr, text),
    /** Moves within the last line; only where `canRedraw`. */
    redraw: (text: string) => write(stderr, `\r\u001b[2K${text}`),
    canRedraw: stderr.isTTY === true,
    bold: (text: string) => paint(stdout, 1, text),
    dim: (text: string) => paint(stdout, 2, text),
  };
}

/** Columns as wide as their widest cell; the last one is not filled up. */
export function table(rows: readonly (readonly string[])[]): string[] {
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
