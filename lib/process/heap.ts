// How much memory V8 may use beyond what lives. Without these flags it takes 340 MB in place of 170 MB after a few
// thousand customers, and is no faster: the living objects are a tenth of the second figure.
//
// V8 reads the flags before it makes its heap, so a process that was started without them starts again in its own
// place, with the same number, the same input and output, and the cache of compiled TypeScript already on: without
// the cache Node loads its compiler, which takes 27 MB more.
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `relay`: what it makes dies young, page after page (docs/decisions/0116-what-dies-young.md). */
export type HeapUse = 'common' | 'relay';

/** The common ones also stand in the Makefile and package.json, where a test compares them; cli/bin.mjs reads them. */
export function readHeapFlags(use: HeapUse): string[] {
  const path = join(import.meta.dirname, 'heap-flags.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as Record<HeapUse, string[]>)[use];
}

/**
 * Call it first, before anything is imported or opened. A flag that whoever started the process has given stays as
 * it is. A process with a message channel to its parent would lose the channel, and Windows has no way to
 * start again in place: there nothing happens, and whoever starts the process gives the flags.
 */
export function startWithHeapFlags(use: HeapUse): void {
  const given = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].map(nameOf);
  const missing = readHeapFlags(use).filter((flag) => !given.includes(nameOf(flag)));
  // glibc, which reads this at the start, otherwise keeps freed memory for each of the relay's threads.
  if (use === 'relay') process.env['MALLOC_ARENA_MAX'] ??= '2';
  if (missing.length > 0) startAgain(missing);
}

/** Node's compiler of TypeScript, which it loads for the first file that is not in the cache. */
const COMPILER = 'NativeModule internal/deps/amaro/dist/index';
/** In the environment of a process that has started again for the sake of the cache: it does so once. */
const STARTED_AGAIN = 'NODE_CACHE_FILLED';

/**
 * Call it when everything is imported, and before anything is opened: at the first start of a new version files had to
 * be compiled, and the compiler stays in memory. Their result is in the cache now, so the process starts again.
 */
export function startAgainIfCompiled(): void {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  if (!Array.isArray(loaded) || !loaded.includes(COMPILER) || STARTED_AGAIN in process.env) return;
  flushCompileCache();
  startAgain([], { [STARTED_AGAIN]: '1' });
}

/** Not where it cannot: a child with a channel to its parent, and a system without execve. */
function startAgain(flags: readonly string[], more: Record<string, string> = {}): void {
  if (process.channel || typeof process.execve !== 'function') return;
  const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, {
    NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
    ...process.env,
    ...more,
  });
}

/** V8 accepts an underscore for each hyphen. */
function nameOf(flag: string): string {
  return flag.split('=', 1).join().replaceAll('_', '-');
}
