/** `npm run docs:config`: writes twinbox.schema.json, for editors, from the form of a configuration. */
import { writeFile } from 'node:fs/promises';
import { configSchema } from '../../lib/catalogue/config-schema.ts';
import { inForm } from './form.ts';

const text = await inForm('twinbox.schema.json', JSON.stringify(configSchema));
await writeFile(new URL('../../twinbox.schema.json', import.meta.url), text);
