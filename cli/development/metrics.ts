/** A part of `make settings`: the table of docs/metrics.md, and the dashboards, from what is declared. */
import { readFile, writeFile } from 'node:fs/promises';
import { withTable } from '../../lib/metrics/docs.ts';
import { dashboardJson } from './dashboard-json.ts';
import { boards } from './dashboards.ts';

const page = new URL('../../docs/metrics.md', import.meta.url);
await writeFile(page, withTable(await readFile(page, 'utf8')));

const folder = new URL('../../deploy/observe/grafana/dashboards/', import.meta.url);
for (const board of boards) await writeFile(new URL(`${board.uid}.json`, folder), dashboardJson(board));
