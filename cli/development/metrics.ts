/** A part of `make settings`: writes the table of docs/metrics.md from the declared metrics. */
import { readFile, writeFile } from 'node:fs/promises';
import { withTable } from '../../lib/metrics/docs.ts';

const page = new URL('../../docs/metrics.md', import.meta.url);
await writeFile(page, withTable(await readFile(page, 'utf8')));
