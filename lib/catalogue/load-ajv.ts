// ajv is loaded with the first check, and not with the files that check something: it takes 50 ms, and a
// command whose arguments are wrong checks nothing.
import { createRequire } from 'node:module';
import type { Ajv, Options } from 'ajv';

const require = createRequire(import.meta.url);

export function createAjv(options: Options): Ajv {
  const loaded = require('ajv') as { Ajv: typeof Ajv };
  return new loaded.Ajv(options);
}
