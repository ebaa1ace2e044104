/** `make index`: writes docs/tests.md from the tree and from what the tests import. */
import { writeFile } from 'node:fs/promises';
import { readSources } from './source.ts';
import { testIndex } from './test-index.ts';

await writeFile(new URL('../../docs/tests.md', import.meta.url), testIndex(readSources()));
