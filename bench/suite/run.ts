// One measurement as a process of its own: node bench/suite/run.ts NAME [--full] [--rounds N] [--share 0.1] [--out FILE]
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '../../lib/errors.ts';
import type { Answer, Measure } from './measure.ts';

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
const size = {
  full: values.full,
  rounds: Number(values.rounds ?? (values.full ? 3 : 1)),
  share: Number(values.share),
};
/** Without Java there is no broker here: the measurement is left out, and the run goes on. */
const answer = await measure.run(size).catch((error: unknown): Answer => {
  if (!(error instanceof AppError) || error.code !== 'kafka_unavailable') throw error;
  return { findings: [], skipped: [`all of it: ${error.message}`] };
});
const text = JSON.stringify(answer, null, 2);
if (values.out === undefined) console.log(text);
else await writeFile(values.out, text);
// What a client has left open must not keep the next measurement waiting.
process.exit(0);
