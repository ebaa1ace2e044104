/** `npm run docs:api`: writes docs/openapi.json from the API's own schemas. */
import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { openApiDocument } from '../../api/openapi.ts';

const text = await format(JSON.stringify(openApiDocument()), { parser: 'json', printWidth: 110 });
await writeFile(new URL('../../docs/openapi.json', import.meta.url), text);
