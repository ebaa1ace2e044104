// Finds and reads the file of the catalogue: twinbox.config.ts or twinbox.config.json. What stands in
// it may be anything; lib/catalogue/catalogue.ts checks it.
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { extname, join, resolve } from 'node:path';

const NAMES = ['twinbox.config.ts', 'twinbox.config.json'];

export type FoundFile = { path: string | null } | { problem: string };

/** The file that TWINBOX_CONFIG names, or the one in the folder; null if there is none. */
export function findConfigFile(folder: string, given: string | undefined): FoundFile {
  if (given !== undefined) return checkGiven(resolve(folder, given), given);
  const found = NAMES.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1)
    return {
      problem: `there are ${found.join(' and ')} in ${folder}; keep one of them, or name one in TWINBOX_CONFIG`,
    };
  return { path: found[0] === undefined ? null : join(folder, found[0]) };
}

function checkGiven(path: string, given: string): FoundFile {
  if (!existsSync(path) || !statSync(path).isFile())
    return { problem: `TWINBOX_CONFIG is ${JSON.stringify(given)}, and there is no file ${path}` };
  if (extname(path) !== '.ts' && extname(path) !== '.json')
    return { problem: `TWINBOX_CONFIG is ${JSON.stringify(given)}; it must be a .ts or a .json file` };
  return { path };
}

/** What the file gives, or one sentence about why it gives nothing, with the line where it is known. */
export function readConfigFile(path: string): { value: unknown } | { problem: string } {
  try {
    return { value: extname(path) === '.json' ? readJsonFile(path) : runFile(path) };
  } catch (error) {
    return { problem: describe(error, path) };
  }
}

function readJsonFile(path: string): unknown {
  // A byte order mark is no part of JSON, and some editors write one.
  return JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
}

/**
 * Runs a file of TypeScript, which Node does by itself. `twinbox` is this program wherever the file
 * lies: in a container it lies outside of any package.
 */
function runFile(path: string): unknown {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'twinbox' ? { url: OWN, shortCircuit: true } : next(specifier, context),
  });
  try {
    const exported: unknown = createRequire(path)(path);
    if (typeof exported === 'object' && exported !== null && 'default' in exported) return exported.default;
    throw new NoDefault('it exports no default; write: export default defineConfig({ … })');
  } finally {
    hooks.deregister();
  }
}

const OWN = new URL('../catalogue/define-config.ts', import.meta.url).href;

class NoDefault extends Error {}

function describe(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `it throws ${String(error)}`;
  if (error instanceof NoDefault) return error.message;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_REQUIRE_ASYNC_MODULE')
    return 'it waits at its top level (await), which is not possible there';
  const [message = ''] = error.message.split('\n');
  const line = lineOf(error, path);
  return `${line === null ? '' : `line ${line}: `}${message}`;
}

/** Where in the file an error arose; JSON.parse says it in its message. */
function lineOf({ stack = '' }: Error, path: string): string | null {
  const places = [path, realpathSync(path)].map((each) => stack.split(`${each}:`)[1]);
  const after = places.find((each) => each !== undefined) ?? '';
  return /^\d+/.exec(after)?.[0] ?? null;
}
