import { expect } from 'chai';
import { fold, folded } from '../../db/email-fold.ts';
import { migrate } from '../../db/server/migrate.ts';
import { createLocaleDatabase, LOCALES, type LocaleDatabase } from '../support/locales.ts';

const CHARACTERS = Array.from({ length: 0x20000 }, (_, code) => code).filter(
  (code) => code > 0 && (code < 0xd800 || code > 0xdfff),
);
/**
 * Letters whose lower case depends on language or neighbours: a final sigma, an I with an accent, a
 * dot above.
 */
const WORDS = ['ΣΑΣ@ΑΣ.GR', 'INFO@X.IO', 'I\u0300Ì@x', 'İI\u0307ıi@X', 'STRAẞE@x', 'ǅ@Ǆ.X', 'K@Å'];

describe('the fold of emails', () => {
  it('changes A to Z and nothing else', () => {
    const letters = CHARACTERS.map((code) => String.fromCodePoint(code));
    const changed = letters.filter((letter) => fold(letter) !== letter);
    expect(changed.join('')).to.equal('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    expect(fold('INFO@X.IO')).to.equal('info@x.io');
  });

  for (const [name, locale] of Object.entries(LOCALES))
    it(`gives the same bytes in a program and in a database with the locale ${name}`, async () => {
      const { db, drop } = await createLocaleDatabase(locale);
      try {
        const texts = [...WORDS, CHARACTERS.map((code) => String.fromCodePoint(code)).join('')];
        const { rows } = await db.raw<{ rows: { text: string }[] }>(
          `select ${folded('given')} as text from jsonb_array_elements_text(:texts::jsonb) with ordinality as t(given, at) order by at`,
          { texts: JSON.stringify(texts) },
        );
        expect(rows.map(({ text }) => text).join('\n') === texts.map(fold).join('\n')).to.equal(true);
      } finally {
        await drop();
      }
    });
});

/** A database that ran the migrations before 0018, in which lower() is Turkish. */
describe('the migration to one fold', () => {
  let turkish: LocaleDatabase;

  beforeEach('a database without the migration', async () => {
    turkish = await createLocaleDatabase(LOCALES['tr of ICU'] ?? '');
    await migrate(turkish.db);
    await run(`delete from schema_migrations where name = '0018-one-fold.sql'`);
  });
  afterEach('remove it', () => turkish.drop());

  it('has the records of an account read again where an identity was folded by the old rule, and keeps each decision', async () => {
    await run(`insert into account_readings (system, account, external_type, started_at, imports, read_to, records, done_at) values
        ('stripe', 'acct_plain', 'customer', now(), true, now(), 7, now()), ('stripe', 'acct_umlaut', 'customer', now(), true, now(), 7, now());
      insert into external_records (system, account, external_id, identity, created_at, decision) values
        ('stripe', 'acct_plain', 'cus_1', 'ada@x.io', now(), null), ('stripe', 'acct_umlaut', 'cus_2', 'ä@x.io', now(), 'leave')`);
    await migrate(turkish.db);
    expect(
      await read(
        `select concat_ws(' ', account, imports, records, read_to is null, done_at is null) as text from account_readings order by 1`,
      ),
    ).to.deep.equal(['acct_plain t 7 f f', 'acct_umlaut f 0 t t']);
    expect(
      await read(`select decision as text from external_records where external_id = 'cus_2'`),
    ).to.deep.equal(['leave']);
  });

  async function run(sql: string): Promise<void> {
    await turkish.db.raw(sql);
  }

  async function read(sql: string): Promise<string[]> {
    return (await turkish.db.raw<{ rows: { text: string }[] }>(sql)).rows.map(({ text }) => text);
  }
});
