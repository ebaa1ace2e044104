import { expect } from 'chai';
import { listMappings } from '../../../db/mappings/list.ts';
import { readMapping, type Mapping } from '../../../db/mappings/mappings.ts';
import { shownDetail, shownReason } from '../../../db/mappings/shown.ts';
import { migrate } from '../../../db/server/migrate.ts';
import { createTestDatabase } from '../../support/database.ts';

type Old = { state: string; reason: string | null; detail: object | null; internal?: number };
type Said = Pick<Mapping, 'consent' | 'ending'>;

const AT = '2026-05-04T10:00:00.000Z';
const given = { consent: true, consented_by: 'ops', consented_at: AT };
const by = { by: 'ops', at: AT };
const decided = { ...by, why: 'a test' };

/** As rows are stored before 0025: what people said is among the keys of `reason_detail`. */
const rows: Record<string, { old: Old; said: Partial<Said>; shown?: object | null }> = {
  'a consent to a record': {
    old: { state: 'waiting', reason: 'not_linked', detail: { ...given, external_id: 'cus_1' } },
    said: { consent: { to: 'record', external_id: 'cus_1', ...by } },
  },
  'a consent that there is none': {
    old: { state: 'waiting', reason: 'not_linked', detail: { ...given, external_id: null } },
    said: { consent: { to: 'record', external_id: null, ...by } },
  },
  'a consent that a new one is made': {
    old: { state: 'waiting', reason: 'not_linked', detail: { ...given, anew: true, external_id: null } },
    said: { consent: { to: 'record', external_id: null, anew: true, ...by } },
  },
  'a consent that waits for a setting': {
    old: {
      state: 'waiting',
      reason: 'writes_off',
      detail: { ...given, external_id: null, operation: 'create', body: { name: 'Ada' } },
    },
    said: { consent: { to: 'record', external_id: null, ...by } },
  },
  'a consent of a pair that is put off': {
    old: { state: 'pending', reason: null, detail: { ...given, external_id: 'cus_2' } },
    said: { consent: { to: 'record', external_id: 'cus_2', ...by } },
  },
  'a consent to a customer': {
    old: { state: 'waiting', reason: 'ask_link', detail: { ...given, customer: 4 } },
    said: { consent: { to: 'customer', customer: 4, ...by } },
  },
  'a record that was chosen': {
    old: { state: 'waiting', reason: 'chosen', detail: { ...given, customer: 5, chosen: true } },
    said: { consent: { to: 'customer', customer: 5, chosen: true, ...by } },
  },
  'a chosen record that is parked': {
    old: {
      state: 'parked',
      reason: 'missing',
      detail: { ...given, customer: 6, chosen: true, external_id: 'cus_6' },
    },
    said: { consent: { to: 'customer', customer: 6, chosen: true, ...by } },
  },
  'a consent of which the record was written over': {
    old: {
      state: 'waiting',
      reason: 'not_linked',
      detail: { ...given, external_id: null, tried: 'cus_7', why: 'missing' },
      internal: 7,
    },
    said: {},
    shown: { external_id: null, tried: 'cus_7', why: 'missing' },
  },
  'a consent that names nothing': {
    old: { state: 'waiting', reason: 'ask_link', detail: { consent: true, customer: 'a text' } },
    said: {},
    shown: { customer: 'a text' },
  },
  'no consent': {
    old: {
      state: 'waiting',
      reason: 'not_linked',
      detail: { because: 'identity_exists', records: ['cus_8'] },
    },
    said: {},
  },
  'a pair that was let go': {
    old: {
      state: 'detached',
      reason: null,
      detail: { let_go: true, was: 'parked', because: 'missing', ...decided },
    },
    said: { ending: { kind: 'let_go', was: 'parked', because: 'missing', ...decided } },
  },
  'a pair that was replaced': {
    old: { state: 'detached', reason: null, detail: { replaced: true, ...decided } },
    said: { ending: { kind: 'replaced', replaced: true, ...decided } },
  },
  'a delete that was taken back': {
    old: { state: 'detached', reason: null, detail: { taken_back: 9, external_id: 'cus_9', ...decided } },
    said: { ending: { kind: 'taken_back', taken_back: 9, external_id: 'cus_9', ...decided } },
  },
  'a pair of an account that was left': {
    old: { state: 'detached', reason: null, detail: { account_left: 'linked' } },
    said: { ending: { kind: 'account_left', account_left: 'linked' } },
  },
  'a pair that ended by the setting': { old: { state: 'detached', reason: null, detail: null }, said: {} },
  'a pair of a copy': { old: { state: 'detached', reason: 'copied', detail: null }, said: {} },
};

describe('the migration of what people have said', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  const ids: Record<string, number> = {};
  const listed: Record<string, unknown> = {};

  before('a database of before, with pairs in it', async () => {
    database = await createTestDatabase();
    const { db } = database;
    // Each by itself: the driver takes one statement with bindings.
    for (const sql of [
      'drop index external_mappings_let_go',
      'alter table external_mappings drop column consent, drop column ending',
      `create index external_mappings_let_go on external_mappings (system, id)
       where state = 'detached' and jsonb_exists(reason_detail, 'let_go')`,
      `delete from schema_migrations where name = '0025-what-people-said.sql'`,
    ])
      await db.raw(sql);
    for (const [name, { old }] of Object.entries(rows)) {
      const { rows: made } = await db.raw<{ rows: { id: number }[] }>(
        `insert into external_mappings (internal_id, system, account, external_id, state, reason, reason_detail)
         values (:internal, 'stripe', 'acct_1', :external, :state, :reason, :detail::jsonb) returning id`,
        {
          ...{ internal: old.internal ?? null, external: `cus_${name.replaceAll(' ', '_')}` },
          ...{ state: old.state, reason: old.reason, detail: old.detail && JSON.stringify(old.detail) },
        },
      );
      ids[name] = made[0]?.id ?? 0;
    }
    expect(await migrate(db)).to.deep.equal(['0025-what-people-said.sql']);
    for (const { id, detail } of await listMappings(db, { limit: 100 })) listed[id] = detail;
  });
  after('remove it', async () => {
    await database.db.destroy();
    await database.drop();
  });

  const read = async (name: string): Promise<Mapping> => {
    const mapping = await readMapping(database.db, ids[name] ?? 0);
    if (mapping === null) throw new Error(`no mapping: ${name}`);
    return mapping;
  };

  for (const [name, { old, said, shown = old.detail }] of Object.entries(rows)) {
    it(`keeps ${name}, and shows it as before`, async () => {
      const mapping = await read(name);
      const { consent, ending } = mapping;
      expect({ consent, ending }).to.deep.equal({ consent: null, ending: null, ...said });
      expect(shownReason(mapping)).to.equal(old.reason);
      expect(shownDetail(mapping)).to.deep.equal(shown);
      if (mapping.id in listed) expect(listed[mapping.id]).to.deep.equal(shown);
    });
  }

  it('leaves nothing of it in the detail of a reason', async () => {
    const { rows: left } = await database.db.raw<{ rows: object[] }>(
      `select id from external_mappings
       where jsonb_exists_any(reason_detail, array['consent', 'consented_by', 'chosen', 'anew', 'let_go', 'replaced'])`,
    );
    expect(left).to.deep.equal([]);
  });

  const lies: Record<string, string> = {
    'a consent to nothing': `consent = '{"to": "record", "by": null, "at": "now"}'`,
    'a consent that is a text': `consent = '"cus_1"'`,
    'an ending of no kind': `state = 'detached', ending = '{"kind": "gone"}'`,
    'an ending of a pair that lives': `state = 'linked', ending = '{"kind": "let_go"}'`,
  };
  for (const [name, set] of Object.entries(lies)) {
    it(`refuses ${name}`, async () => {
      const error = await database.db
        .raw(`update external_mappings set ${set} where id = :id`, { id: ids['no consent'] ?? 0 })
        .then(() => null)
        .catch((caught: unknown) => caught);
      expect(error).to.have.property('code', '23514');
    });
  }
});
