// One measurement as a process of its own: node bench/suite/run.ts NAME [--full] [--rounds N] [--share 0.1] [--out FILE]
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measure } from './measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    share: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const [name = ''] = positionals;
const { measure } = (await import(join(import.meta.dirname, `${name}.ts`))) as { measure: Measure };
const answer = await measure.run({
  full: values.full,
  rounds: Number(values.rounds ?? (values.full ? 3 : 1)),
  share: Number(values.share),
});
const text = JSON.stringify(answer, null, 2);
if (values.out === undefined) console.log(text);
else await writeFile(values.out, text);
// What a client has left open must not keep the next measurement waiting.
process.exit(0);
