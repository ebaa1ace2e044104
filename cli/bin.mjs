#!/usr/bin/env node
// The `twinbox` command. It is plain JavaScript, which every Node from version 20 runs. It starts
// the Node 24 that npm has installed in node_modules, which runs TypeScript files directly.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const ownNode = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
// If node_modules has no Node, this one is used if it is new enough.
const node = existsSync(ownNode) ? ownNode : process.execPath;

// Why: lib/process/heap.ts.
const FLAGS = JSON.parse(
  readFileSync(new URL('../lib/process/heap-flags.json', import.meta.url), 'utf8'),
).common;

if (!existsSync(fileURLToPath(new URL('../node_modules', import.meta.url)))) {
  console.error('Twinbox is not installed yet. Run: make install   (or: npm ci)');
  process.exitCode = 69;
} else if (node === ownNode || Number.parseInt(process.versions.node, 10) >= 24) {
  runInOwnNode();
} else {
  console.error(
    `Twinbox needs Node 24; this is ${process.versions.node}, and node_modules has no Node. Perhaps npm is set to\n` +
      'ignore install scripts. Run: npm rebuild node',
  );
  process.exitCode = 69;
}

function runInOwnNode() {
  // Node loads its compiler of TypeScript for the first file that is not in this cache, so the cache has to
  // be on before cli/main.ts is read. It is the one that cli/main.ts turns on.
  const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env };
  const child = spawn(node, [...FLAGS, main, ...process.argv.slice(2)], { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child too, and a second Ctrl-C would end it at once.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`${node} does not start: ${error.message}`);
    process.exitCode = 69;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // The child was ended by a signal: end in the same way, so that the shell sees the signal.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
