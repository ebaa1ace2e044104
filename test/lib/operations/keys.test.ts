import { expect } from 'chai';
import { readActionsAfter } from '../../../db/operator-actions.ts';
import { createKeyOperations, type MadeKey } from '../../../lib/operations/keys.ts';
import { createTestClock } from '../../support/clock.ts';
import { useDatabase } from '../../support/database.ts';

const BY = { actor: 'cli:ada on a-machine', reason: 'the laptop was lost' };
const HOUR = 3_600_000;
const WANTED = { name: 'shop', scope: 'editor', system: null, expiresAt: null } as const;

describe('operations on keys', () => {
  const database = useDatabase();
  const clock = createTestClock();
  let keys: ReturnType<typeof createKeyOperations>;
  before(() => {
    keys = createKeyOperations({ db: database.db, clock, keySecrets: [] });
  });
  const stateOf = async (id: string) => (await keys.list()).find((key) => key.id === id)?.state;
  async function rotated(id: string, graceMs = 0): Promise<MadeKey> {
    const result = await keys.rotate(id, { graceMs }, BY);
    if (result.outcome !== 'rotated') throw new Error(result.outcome);
    return result;
  }

  it('show the text of a key once, and store it nowhere', async () => {
    const { text, key, first } = await keys.create(WANTED, BY);
    expect(first).to.equal(true);
    expect(text).to.match(new RegExp(`^twinbox_${key.id}_[0-9a-f]{48}$`));
    const secret = text.split('_')[2] ?? '';
    const { rows } = await database.db.raw<{ rows: { all: string }[] }>(
      `select query_to_xml('select * from api_keys, operator_actions', true, true, '')::text as all`,
    );
    expect(rows[0]?.all).to.include(key.id).and.not.include(secret);
    expect(JSON.stringify(await keys.list()))
      .to.include(key.id)
      .and.not.include(secret);
    expect((await keys.create(WANTED, BY)).first).to.equal(false);
  });

  it('are recorded with who, why, and which key', async () => {
    const [last] = (await readActionsAfter(database.db, 0, 1_000)).slice(-1);
    const made = await keys.create(WANTED, BY);
    const after = await rotated(made.key.id, HOUR);
    await keys.revoke(after.key.id, BY);
    const actions = await readActionsAfter(database.db, last?.id ?? 0, 10);
    expect(
      actions.map(({ action, actor, reason, detail }) => [action, actor, reason, detail['id']]),
    ).to.deep.equal([
      ['create_key', BY.actor, BY.reason, made.key.id],
      ['rotate_key', BY.actor, BY.reason, after.key.id],
      ['revoke_key', BY.actor, BY.reason, after.key.id],
    ]);
    expect(actions[1]?.detail['replaces']).to.equal(made.key.id);
  });

  it('rotate: the new key has the same name and scope, and the old one stops at once', async () => {
    const old = await keys.create(WANTED, BY);
    const { key } = await rotated(old.key.id);
    expect(key).to.include({ name: 'shop', scope: 'editor', state: 'live', expiresAt: null });
    expect(await stateOf(old.key.id)).to.equal('revoked');
  });

  it('rotate with a grace: the old key lives so much longer, and never longer than before', async () => {
    const old = await keys.create(WANTED, BY);
    await rotated(old.key.id, HOUR);
    clock.advance(HOUR - 1);
    expect(await stateOf(old.key.id)).to.equal('live');
    clock.advance(1);
    expect(await stateOf(old.key.id)).to.equal('expired');
    const short = await keys.create({ ...WANTED, expiresAt: new Date(clock.now().getTime() + 1_000) }, BY);
    await rotated(short.key.id, HOUR);
    clock.advance(1_000);
    expect(await stateOf(short.key.id)).to.equal('expired');
  });

  it('rotate: the new key lives as long as the old one was made to live', async () => {
    const day = 24 * HOUR;
    const old = await keys.create({ ...WANTED, expiresAt: new Date(clock.now().getTime() + day) }, BY);
    clock.advance(20 * HOUR);
    const { key } = await rotated(old.key.id);
    expect(key.expiresAt).to.deep.equal(new Date(clock.now().getTime() + day));
  });

  it('rotate a key once, also when two people ask at the same moment', async () => {
    const old = await keys.create(WANTED, BY);
    const results = await Promise.all([1, 2].map(() => keys.rotate(old.key.id, { graceMs: HOUR }, BY)));
    expect(results.map(({ outcome }) => outcome).sort()).to.deep.equal(['cannot_rotate', 'rotated']);
    const { name } = old.key;
    const replacing = (await keys.list()).filter(({ replacedBy }) => replacedBy !== null);
    expect(replacing.filter((key) => key.id === old.key.id)).to.have.lengthOf(1);
    expect(name).to.equal('shop');
  });

  it('do not rotate what is revoked, has expired or is unknown', async () => {
    const [revoked, expired] = [
      await keys.create(WANTED, BY),
      await keys.create({ ...WANTED, expiresAt: new Date(clock.now().getTime() + 1) }, BY),
    ];
    await keys.revoke(revoked.key.id, BY);
    clock.advance(1);
    for (const { key } of [revoked, expired])
      expect((await keys.rotate(key.id, { graceMs: 0 }, BY)).outcome).to.equal('cannot_rotate');
    expect((await keys.rotate('000000000000', { graceMs: 0 }, BY)).outcome).to.equal('not_found');
  });

  it('revoke a key once, and keep the time of the first', async () => {
    const { key } = await keys.create(WANTED, BY);
    await keys.revoke(key.id, BY);
    const at = clock.now();
    clock.advance(HOUR);
    const again = await keys.revoke(key.id, BY);
    expect(again.outcome).to.equal('revoked_already');
    expect('key' in again && again.key.revokedAt).to.deep.equal(at);
    expect((await keys.revoke('000000000000', BY)).outcome).to.equal('not_found');
  });

  it('leave the old key as it was, and no new one, if their record cannot be written', async () => {
    const old = await keys.create(WANTED, BY);
    const before = (await keys.list()).length;
    await database.db.raw('alter table operator_actions rename to operator_actions_away');
    let failed = 0;
    for (const act of [
      () => keys.rotate(old.key.id, { graceMs: 0 }, BY),
      () => keys.revoke(old.key.id, BY),
      () => keys.create(WANTED, BY),
    ])
      await act().catch(() => (failed += 1));
    await database.db.raw('alter table operator_actions_away rename to operator_actions');
    expect([failed, (await keys.list()).length, await stateOf(old.key.id)]).to.deep.equal([
      3,
      before,
      'live',
    ]);
  });
});
