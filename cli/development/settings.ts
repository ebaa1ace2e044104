/** `npm run docs:settings`: writes .env.example and docs/settings.md from the schema of the settings. */
import { writeFile } from 'node:fs/promises';
import { envExample, settingsPage } from '../../lib/config/docs.ts';

const root = new URL('../../', import.meta.url);
await writeFile(new URL('.env.example', root), envExample());
await writeFile(new URL('docs/settings.md', root), settingsPage());
