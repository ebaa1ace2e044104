/** `make codes`: writes docs/error-groups.md from the table of what codes mean. */
import { writeFile } from 'node:fs/promises';
import { errorGroupsPage } from './error-groups-page.ts';

await writeFile(new URL('../../docs/error-groups.md', import.meta.url), errorGroupsPage());
