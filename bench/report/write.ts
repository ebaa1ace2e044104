// Writes docs/performance.md and its charts from the figures of a run: node bench/report/write.ts FILE [FULL]…
// FULL: what `make bench-full ONLY="soak" OUT=FULL` has measured by itself, on the same machine.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picturesOf } from './charts.ts';
import { pageOf } from './page.ts';
import { withApart, type Result } from './result.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const [run, ...others] = await Promise.all(
  process.argv.slice(2).map(async (file) => JSON.parse(await readFile(file, 'utf8')) as Result),
);
if (run === undefined) throw new Error('say which run: node bench/report/write.ts FILE [FULL]…');
const result = withApart(run, others);
const pictures = picturesOf(result);
for (const { file: name, svg } of pictures) await writeFile(join(DOCS, 'images', name), svg);
await writeFile(join(DOCS, 'performance.md'), pageOf(result, pictures));
