// Writes docs/performance.md and its charts from the figures of a run: node bench/report/write.ts FILE
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picturesOf } from './charts.ts';
import { pageOf } from './page.ts';
import type { Result } from './result.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('say which run: node bench/report/write.ts FILE');
const result = JSON.parse(await readFile(file, 'utf8')) as Result;
const pictures = picturesOf(result);
for (const { file: name, svg } of pictures) await writeFile(join(DOCS, 'images', name), svg);
await writeFile(join(DOCS, 'performance.md'), pageOf(result, pictures));
