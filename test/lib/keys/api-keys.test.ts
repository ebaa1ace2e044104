import { expect } from 'chai';
import { createApiKeys } from '../../../lib/keys/api-keys.ts';
import { createKeyOperations } from '../../../lib/operations/keys.ts';
import { createTestClock } from '../../support/clock.ts';
import { useDatabase } from '../../support/database.ts';

const BY = { actor: 'a test', reason: null };
const MINUTE = 60_000;

describe('the keys as a process of the API knows them', () => {
  const database = useDatabase();
  const clock = createTestClock();
  let elapsed = 0;

  /** A process with settings of its own. */
  function start({ fixed = [] as string[], keySecrets = [] as string[] } = {}) {
    const { db } = database;
    return createApiKeys({ db, clock, fixed, keySecrets, elapsed: () => elapsed });
  }
  function operations(keySecrets: string[] = []) {
    return createKeyOperations({ db: database.db, clock, keySecrets });
  }
  async function make(changes: { expiresAt?: Date } = {}, keySecrets: string[] = []) {
    const wanted = { name: 'shop', scope: 'editor', system: null, expiresAt: null, ...changes } as const;
    const { text, key } = await operations(keySecrets).create(wanted, BY);
    return { text, id: key.id };
  }
  async function lastUse(id: string): Promise<Date | null> {
    const found = (await operations().list()).find((key) => key.id === id);
    return found?.lastUsedAt ?? null;
  }
  const codeOf = async (keys: ReturnType<typeof start>, text: string): Promise<string> => {
    const verdict = await keys.check(text);
    return verdict.ok ? 'ok' : verdict.why;
  };

  it('are none at first, and the API is open; the first key closes it within 5 s', async () => {
    const keys = start();
    expect(await keys.isOpen()).to.equal(true);
    const { id } = await make();
    elapsed += 5_000;
    expect(await keys.isOpen()).to.equal(false);
    await operations().revoke(id, BY);
    elapsed += MINUTE;
    expect(await keys.isOpen()).to.equal(false);
    expect(await start().isOpen(), 'after a restart').to.equal(false);
  });

  it('say who holds them: the name and the id of the key, and nothing of its secret', async () => {
    const { text, id } = await make();
    const verdict = await start().check(text);
    expect(verdict).to.deep.equal({
      ok: true,
      holder: {
        ...{ scope: 'editor', system: null, actor: `key:shop/${id}` },
        key: { kind: 'stored', id, name: 'shop', expiresAt: null },
      },
    });
  });

  it('stop within 5 s after they were revoked, and count until then', async () => {
    const keys = start();
    const { text, id } = await make();
    expect(await codeOf(keys, text)).to.equal('ok');
    await operations().revoke(id, BY);
    elapsed += 4_999;
    expect(await codeOf(keys, text)).to.equal('ok');
    elapsed += 1;
    expect(await codeOf(keys, text)).to.equal('revoked');
  });

  it('stop at the moment at which they expire, also if their row was just read', async () => {
    const keys = start();
    const { text } = await make({ expiresAt: new Date(clock.now().getTime() + MINUTE) });
    clock.advance(MINUTE - 1);
    expect(await codeOf(keys, text)).to.equal('ok');
    clock.advance(1);
    expect(await codeOf(keys, text)).to.equal('expired');
  });

  it('are found at once after they were made, also if they were asked for before', async () => {
    const keys = start();
    const { text } = await make();
    const unknown = text.replace(/_.{12}_/, '_000000000000_');
    expect(await codeOf(keys, unknown)).to.equal('wrong');
    expect(await codeOf(keys, text)).to.equal('ok');
  });

  it('are wrong by one digit, without their end, with more, and with the secret of another key', async () => {
    const keys = start();
    const [one, other] = [await make(), await make()];
    const last = one.text.endsWith('0') ? '1' : '0';
    const [secret] = other.text.split('_').slice(-1);
    for (const wrong of [
      one.text.slice(0, -1) + last,
      one.text.slice(0, -1),
      `${one.text}0`,
      `twinbox_${one.id}_${secret}`,
      one.text.toUpperCase(),
      one.id,
      '',
    ])
      expect(await codeOf(keys, wrong), wrong.length.toString()).to.equal('wrong');
  });

  it('do not say that they are revoked to whoever has only their id', async () => {
    const { text, id } = await make();
    await operations().revoke(id, BY);
    expect(await codeOf(start(), text.slice(0, -1) + (text.endsWith('0') ? '1' : '0'))).to.equal('wrong');
    expect(await codeOf(start(), text)).to.equal('revoked');
  });

  it('are read from the database once for many requests at the same time', async () => {
    const keys = start();
    const { text } = await make();
    let reads = 0;
    const count = ({ sql }: { sql: string }): void => void (reads += /from api_keys/.test(sql) ? 1 : 0);
    database.db.on('query', count);
    await Promise.all(Array.from({ length: 50 }, () => keys.check(text)));
    database.db.removeListener('query', count);
    expect(reads).to.equal(1);
  });

  it('are asked for again after the database did not answer', async () => {
    const { text } = await make();
    const keys = start();
    await database.db.raw('alter table api_keys rename to api_keys_away');
    let failed = false;
    await keys.check(text).catch(() => (failed = true));
    await database.db.raw('alter table api_keys_away rename to api_keys');
    expect([failed, await codeOf(keys, text)]).to.deep.equal([true, 'ok']);
  });

  it('have their last use stored by a flush alone, and at most once a minute', async () => {
    const keys = start();
    const { text, id } = await make();
    const first = clock.now();
    await keys.check(text);
    expect(await lastUse(id)).to.equal(null);
    await keys.flush();
    expect(await lastUse(id)).to.deep.equal(first);
    clock.advance(MINUTE - 1);
    await keys.check(text);
    await keys.flush();
    expect(await lastUse(id)).to.deep.equal(first);
    clock.advance(1);
    await keys.check(text);
    await keys.flush();
    expect(await lastUse(id)).to.deep.equal(clock.now());
  });

  it('have their last use stored at most once a minute by two processes together', async () => {
    const [one, other] = [start(), start()];
    const { text, id } = await make();
    const first = clock.now();
    await one.check(text);
    await one.flush();
    clock.advance(1_000);
    await other.check(text);
    await other.flush();
    expect(await lastUse(id)).to.deep.equal(first);
  });

  it('of the settings are admins, and need no database', async () => {
    const keys = start({ fixed: ['a-key-of-the-settings'] });
    expect(await keys.isOpen()).to.equal(false);
    const verdict = await keys.check('a-key-of-the-settings');
    expect(verdict.ok && verdict.holder.scope).to.equal('admin');
    expect(verdict.ok && verdict.holder.actor).to.match(/^key:[0-9a-f]{8}$/);
  });

  describe('with a secret in the settings', () => {
    const [OLD, NEW] = ['o'.repeat(32), 'n'.repeat(32)];

    it('are accepted only if they were hashed with it, or with the one that it replaces', async () => {
      const { text } = await make({}, [OLD]);
      expect(await codeOf(start({ keySecrets: [OLD] }), text)).to.equal('ok');
      expect(await codeOf(start({ keySecrets: [NEW, OLD] }), text)).to.equal('ok');
      expect(await codeOf(start({ keySecrets: [NEW] }), text)).to.equal('wrong');
      expect(await codeOf(start(), text)).to.equal('wrong');
      const states = (await operations([NEW]).list()).map(({ state }) => state);
      expect(states).to.include('foreign').and.not.include('live');
    });

    it('cannot be made, nor given another scope, by whoever can only write the database', async () => {
      const { text } = await make();
      expect(
        await codeOf(start({ keySecrets: [NEW] }), text),
        'hashed by the secret of the database',
      ).to.equal('wrong');
      const ours = await make({}, [NEW]);
      await database.db.raw(`update api_keys set scope = 'admin' where id = :id`, { id: ours.id });
      expect(await codeOf(start({ keySecrets: [NEW] }), ours.text)).to.equal('wrong');
    });
  });
});
