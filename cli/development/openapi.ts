/**
 * `npm run docs:api`: writes docs/openapi.json and docs/asyncapi.json from the schemas that check, and
 * console/api-types.ts from the first of them.
 */
import { writeFile } from 'node:fs/promises';
import { asyncApiDocument } from '../../api/asyncapi.ts';
import { openApiDocument } from '../../api/openapi.ts';
import { apiTypes } from './api-types.ts';
import { inForm } from './form.ts';

const documents = { openapi: openApiDocument(), asyncapi: asyncApiDocument() };
for (const [name, document] of Object.entries(documents)) {
  const text = await inForm(`docs/${name}.json`, JSON.stringify(document));
  await writeFile(new URL(`../../docs/${name}.json`, import.meta.url), text);
}
await writeFile(new URL('../../console/api-types.ts', import.meta.url), await apiTypes(documents.openapi));
