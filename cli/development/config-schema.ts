/** `npm run docs:config`: writes twinbox.schema.json, for editors, from the form of a configuration. */
import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { configSchema } from '../../lib/catalogue/config-schema.ts';

const text = await format(JSON.stringify(configSchema), { parser: 'json', printWidth: 110 });
await writeFile(new URL('../../twinbox.schema.json', import.meta.url), text);
