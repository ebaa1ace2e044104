// ajv is loaded with the first check, and not with the files that check something: it takes 50 ms, and a
// command whose arguments are wrong checks nothing.
import { createRequire } from 'node:module';
import type { Ajv, Options } from 'ajv';

const require = createRequire(import.meta.url);

/**
 * Every process compiles the schemas that it uses, so what makes that longer is left out: our schemas are
 * constants whose own form a test checks, and V8 by itself removes from the compiled functions what
 * ajv's optimizer removes.
 */
const QUICK: Options = { validateSchema: false, code: { optimize: false } };

export function createAjv(options: Options): Ajv {
  const loaded = require('ajv') as { Ajv: typeof Ajv };
  return new loaded.Ajv({ ...QUICK, ...options });
}
