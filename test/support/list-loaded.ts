/**
 * Loaded before a program (`NODE_OPTIONS=--import=…`): when the process ends, the addresses of all that it
 * loaded are in the file LOADED_FILE, one on each line.
 */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const { LOADED_FILE } = process.env;
const loaded = new Set<string>();
registerHooks({
  load(url, context, next) {
    loaded.add(url);
    return next(url, context);
  },
});
process.on('exit', () => {
  if (LOADED_FILE !== undefined) writeFileSync(LOADED_FILE, [...loaded].join('\n'));
});
