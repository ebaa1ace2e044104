// Databases of other locales than that of the other tests: of ICU, of the C library, and
// PostgreSQL's own.
import { randomBytes } from 'node:crypto';
import { createDb, type Db } from '../../db/server/connection.ts';
import { databaseUrl, dropDatabase } from '../../db/server/server.ts';
import { testServerUrl } from './server.ts';

/** The options of `create database`. In the first three lower() changes I or Ì in a special way. */
export const LOCALES: Readonly<Record<string, string>> = {
  'tr of ICU': `locale_provider icu icu_locale 'tr' locale 'C'`,
  'az of ICU': `locale_provider icu icu_locale 'az' locale 'C'`,
  'lt of ICU': `locale_provider icu icu_locale 'lt' locale 'C'`,
  'de of ICU': `locale_provider icu icu_locale 'de' locale 'C'`,
  'el of ICU': `locale_provider icu icu_locale 'el' locale 'C'`,
  'C.UTF-8 of the C library': `locale_provider libc locale 'C.UTF-8'`,
  C: `locale_provider libc locale 'C'`,
};

export type LocaleDatabase = { db: Db; url: string; drop(): Promise<void> };

/** Not migrated. It only has to be UTF8. */
export async function createLocaleDatabase(locale: string): Promise<LocaleDatabase> {
  const server = await testServerUrl();
  const name = `locale_${process.pid}_${randomBytes(4).toString('hex')}`;
  const admin = createDb({ url: server, poolSize: 1, applicationName: name });
  try {
    await admin.raw(`create database ${name} template template0 encoding 'UTF8' ${locale}`);
  } finally {
    await admin.destroy();
  }
  const url = databaseUrl(server, name);
  const db = createDb({ url, poolSize: 10, applicationName: name });
  return {
    ...{ db, url },
    drop: async () => {
      await db.destroy();
      await dropDatabase(server, name);
    },
  };
}
