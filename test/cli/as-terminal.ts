/**
 * Loaded before a command whose pipes count as a terminal: keys arrive as bytes, as in a terminal's
 * raw mode.
 */
for (const stream of [process.stdin, process.stderr]) Object.defineProperty(stream, 'isTTY', { value: true });
