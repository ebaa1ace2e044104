#!/usr/bin/env node
// The `twinbox` command. Plain JavaScript for whatever Node the machine has (20 or newer): it hands
// over to the Node 24 that npm has put into node_modules, which runs the TypeScript files as they
// are.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const ownNode = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
// Where this Node can do it there need not be another one.
const node = existsSync(ownNode) ? ownNode : process.execPath;

// V8 takes a machine's memory for its own: without these 340 MB instead of 170 after a few thousand
// customers, and no faster. What lives in the heap is a tenth of the second figure, even with the
// simulator inside.
const FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=1024'];

if (!existsSync(fileURLToPath(new URL('../node_modules', import.meta.url)))) {
  console.error('Twinbox is not installed yet. Run: make install   (or: npm ci)');
  process.exitCode = 69;
} else if (node === ownNode || Number.parseInt(process.versions.node, 10) >= 24) {
  handOver();
} else {
  console.error(
    `Twinbox needs Node 24; this is ${process.versions.node}, and node_modules has none. npm was perhaps told to\n` +
      'ignore install scripts. Run: npm rebuild node',
  );
  process.exitCode = 69;
}

function handOver() {
  const child = spawn(node, [...FLAGS, main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child too, and a second one would mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`${node} does not start: ${error.message}`);
    process.exitCode = 69;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // Ended by a signal: end in the same way, so that the shell sees it.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
