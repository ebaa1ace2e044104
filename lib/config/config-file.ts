// Finds and reads the file of the catalogue: twinbox.config.ts or twinbox.config.json. What stands in
// it may be anything; lib/catalogue/catalogue.ts checks it.
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire, registerHooks, syncBuiltinESMExports } from 'node:module';
import { sayThrown } from '../thrown.ts';
import { extname, join, resolve } from 'node:path';

const NAMES = ['twinbox.config.ts', 'twinbox.config.json'];

export type FoundFile = { path: string | null } | { problem: string };

/** The file that TWINBOX_CONFIG names, or the one in the folder; null if there is none. */
export function findConfigFile(folder: string, given: string | undefined): FoundFile {
  if (given !== undefined) return checkGiven(resolve(folder, given), given);
  // A link that leads nowhere counts as well: without its file, other tables and fields would stand.
  const found = NAMES.filter((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }));
  if (found.length > 1)
    return {
      problem: `there are ${found.join(' and ')} in ${folder}; keep one of them, or name one in TWINBOX_CONFIG`,
    };
  if (found[0] === undefined) return checkOthers(folder);
  const path = join(folder, found[0]);
  if (!existsSync(path)) return { problem: `${path} is a link, and there is no file where it leads` };
  return isFile(path) ? { path } : { problem: `${path} is no file` };
}

/** Names under which a person may have written the file, meaning it to be read. */
const NEARLY = /^twinbox\.config(\.([cm]?[jt]sx?|json[5c]?|ya?ml|toml))?$/i;

/** There is no file; one with nearly its name is not passed over in silence. */
function checkOthers(folder: string): FoundFile {
  const other = namesIn(folder).find((name) => NEARLY.test(name));
  if (other === undefined) return { path: null };
  return {
    problem: `there is ${other} in ${folder}, which is not read; the file is called ${NAMES.join(' or ')}`,
  };
}

/** None where the folder cannot be listed: then a file in it may still be found by its name. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function checkGiven(path: string, given: string): FoundFile {
  if (!isFile(path))
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
  const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (error) {
    const line = lineOfComment(text);
    if (line === null) throw error;
    throw new Unusable(`line ${line}: JSON has no comments; remove it, or write a twinbox.config.ts`);
  }
}

/** The line of the first comment that stands in no text; null if there is none. */
function lineOfComment(text: string): number | null {
  for (const { 0: part, index } of text.matchAll(/"(?:[^"\\\n]|\\.)*"?|\/[/*]|#/g))
    if (!part.startsWith('"')) return text.slice(0, index).split('\n').length;
  return null;
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
  const exit = process.exit;
  setExit(refuseExit);
  try {
    const exported: unknown = createRequire(path)(path);
    if (typeof exported === 'object' && exported !== null && 'default' in exported) return exported.default;
    throw new Unusable('it exports no default; write: export default defineConfig({ … })');
  } finally {
    setExit(exit);
    hooks.deregister();
  }
}

/** Also for a file that imports `exit` by its name. */
function setExit(exit: typeof process.exit): void {
  process.exit = exit;
  syncBuiltinESMExports();
}

/** Ending here would look like success, with nothing done. */
function refuseExit(): never {
  throw new Unusable('it ends the process (process.exit); a configuration only says what stands');
}

const OWN = new URL('../catalogue/define-config.ts', import.meta.url).href;

class Unusable extends Error {}

function describe(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `it throws ${sayThrown(error)}`;
  if (error instanceof Unusable) return error.message;
  if (read(error, 'code') === 'ERR_REQUIRE_ASYNC_MODULE')
    return 'it waits at its top level (await), which is not possible there';
  const says = sayThrown(error);
  const line = lineOf(error, path);
  const isQuiet = read(error, 'message') === '';
  return `${line === null ? '' : `line ${line}: `}${isQuiet ? `it throws ${says}` : says}`;
}

/** A member of an error that is not ours, whose getters may throw. */
function read(error: Error, key: 'code' | 'stack' | 'message'): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Where in the file an error arose; JSON.parse says it in its message. */
function lineOf(error: Error, path: string): string | null {
  const given = read(error, 'stack');
  const stack = typeof given === 'string' ? given : '';
  const places = [path, realpathSync(path)].map((each) => stack.split(`${each}:`)[1]);
  const after = places.find((each) => each !== undefined) ?? '';
  return /^\d+/.exec(after)?.[0] ?? null;
}
