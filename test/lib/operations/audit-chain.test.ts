// The chain of the record of operations: what was changed by SQL behind its back is found and named.
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { readAuditEntry, readAuditHead } from '../../../db/audit.ts';
import { recordAction, type Recorded } from '../../../db/operator-actions.ts';
import { withTransaction } from '../../../db/server/connection.ts';
import { checkAudit, entryText, parseHead, verifyAudit } from '../../../lib/operations/audit-chain.ts';
import { useDatabase } from '../../support/database.ts';

const AT = new Date('2026-03-01T12:00:00.123Z');
const EVENT = '01a229da-96bb-72f8-9127-f557f9d12ea9';

describe('the chain of the record of operations', () => {
  const database = useDatabase();

  async function record(asked: Partial<Recorded> = {}): Promise<number> {
    const action = {
      action: 'pause',
      system: 'stripe',
      actor: 'cli:ada on host',
      reason: null,
      detail: {},
      at: AT,
    };
    return withTransaction(database.db, (tx) => recordAction(tx, { ...action, ...asked }));
  }

  /** Entries of every kind, so that each is checked. */
  async function recordSeven(): Promise<number[]> {
    return [
      await record({ reason: 'prices until five', before: { paused_at: null }, after: { paused_at: AT } }),
      await record({
        action: 'resume',
        actor: 'key:back office/3f9c1a2b7d04',
        reason: 'ä "quoted" \u2028\t\\ 😀',
      }),
      await record({
        action: 'replay',
        detail: { b: 1, a: [1, null, true, { z: 'z', ä: -5 }], ﬀ: {}, list: [] },
        pairs: [
          { mappingId: 2, eventId: null },
          { mappingId: 1, eventId: EVENT },
          { mappingId: 2, eventId: EVENT },
          { mappingId: 2, eventId: null },
        ],
      }),
      await record({ action: 'resolve', pairs: [{ mappingId: 7, eventId: null }] }),
      await record({ system: '', actor: 'key:0a1b2c3d' }),
      await record({ at: new Date(AT.getTime() + 1) }),
      await record({ action: 'resume', before: {}, after: null }),
    ];
  }

  /** By a role that may do all: what the triggers refuse is done all the same. */
  async function tamper(...statements: string[]): Promise<void> {
    await database.db.transaction(async (tx) => {
      await tx.raw(`set local session_replication_role = replica`);
      for (const statement of statements) await tx.raw(statement);
    });
  }

  /** What the check says, after the change was undone. */
  async function foundAfter(...statements: string[]): Promise<Awaited<ReturnType<typeof verifyAudit>>> {
    const undo = new Error('undo');
    let verdict: Awaited<ReturnType<typeof verifyAudit>> | undefined;
    await database.db
      .transaction(async (tx) => {
        await tx.raw(`set local session_replication_role = replica`);
        for (const statement of statements) await tx.raw(statement);
        verdict = await checkAudit(tx);
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    if (!verdict) throw new Error('nothing was checked');
    return verdict;
  }

  let ids: number[] = [];
  before('record seven operations', async () => {
    ids = await recordSeven();
  });

  it('fits, and its end is the newest entry', async () => {
    const verdict = await verifyAudit(database.db);
    expect(verdict).to.include({ entries: 7, left: 0, broken: null });
    expect(verdict.head.id).to.equal(ids.at(-1));
    expect(await readAuditHead(database.db)).to.deep.equal({ ...verdict.head, entries: 7 });
  });

  it('has hashes that a person can make from the text of an entry', async () => {
    const [first, , third] = await Promise.all(ids.map((id) => readAuditEntry(database.db, id)));
    if (!first || !third) throw new Error('an entry is missing');
    const text = `{"action":"pause","actor":"cli:ada on host","after":{"paused_at":"2026-03-01T12:00:00.123Z"},"at":"2026-03-01T12:00:00.123000Z","before":{"paused_at":null},"detail":{},"id":${first.id},"key":null,"pairs":{"count":0,"sha256":"${sha256('')}"},"previous":"${'0'.repeat(64)}","reason":"prices until five","system":"stripe"}`;
    expect(entryText(first)).to.equal(text);
    expect(first.hash).to.equal(sha256(text));
    expect(third.pairsHash).to.equal(sha256(`1 ${EVENT}\n2 -\n2 ${EVENT}\n`));
    expect(third.pairCount).to.equal(3);
  });

  it('names the key that acted', async () => {
    const keys = await database.db('operator_actions').orderBy('id').pluck('key');
    expect(keys).to.deep.equal([null, '3f9c1a2b7d04', null, null, '0a1b2c3d', null, null]);
  });

  it('refuses a fraction, which has no text of its own', async () => {
    const error = await errorOf(record({ detail: { share: 0.5 } }));
    expect(error).to.be.an('error').with.property('message').that.includes('share is 0.5');
  });

  for (const [change, statement] of [
    ['the reason', `update operator_actions set reason = 'nothing' where id = :id`],
    ['who acted', `update operator_actions set actor = 'cli:eve on host' where id = :id`],
    ['the key', `update operator_actions set key = 'ffffffffffff' where id = :id`],
    [
      'the time by a microsecond',
      `update operator_actions set at = at + interval '1 microsecond' where id = :id`,
    ],
    ['a number of the detail', `update operator_actions set detail = '{"b": 2}' where id = :id`],
    ['what stood before', `update operator_actions set before = '{}' where id = :id`],
    ['what stands after', `update operator_actions set after = '{}' where id = :id`],
  ] as const)
    it(`finds a change of ${change}`, async () => {
      const { broken } = await foundAfter(statement.replace(':id', String(ids[3])));
      expect(broken?.entry).to.equal(ids[3]);
      expect(broken?.what).to.match(/^its content was changed/);
    });

  for (const [change, statement] of [
    [
      'another event',
      `update operator_action_pairs set event_id = null where action_id = :id and mapping_id = 1`,
    ],
    ['a pair less', `delete from operator_action_pairs where action_id = :id and mapping_id = 1`],
    ['a pair more', `insert into operator_action_pairs (action_id, mapping_id) values (:id, 99)`],
    ['another count', `update operator_actions set pair_count = 4 where id = :id`],
  ] as const)
    it(`finds ${change} among the pairs of an entry`, async () => {
      const { broken } = await foundAfter(statement.replace(':id', String(ids[2])));
      expect(broken?.entry).to.equal(ids[2]);
      expect(broken?.what).to.match(/^its pairs are not those/);
    });

  it('finds a pair that was given to an entry without pairs', async () => {
    const { broken } = await foundAfter(
      `insert into operator_action_pairs (action_id, mapping_id) values (${ids[0]}, 1)`,
    );
    expect(broken?.entry).to.equal(ids[0]);
  });

  it('finds an entry that was removed from the middle, at the one after it', async () => {
    const { broken } = await foundAfter(`delete from operator_actions where id = ${ids[3]}`);
    expect(broken?.entry).to.equal(ids[4]);
    expect(broken?.what).to.match(
      /^it names \w+… as the hash of the entry before it, and entry \d+ before it has/,
    );
  });

  it('finds an entry that was removed from the beginning', async () => {
    const { broken } = await foundAfter(`delete from operator_actions where id = ${ids[0]}`);
    expect(broken?.entry).to.equal(ids[1]);
    expect(broken?.what).to.include('there is no entry before it');
  });

  it('finds two entries that were exchanged', async () => {
    const [a, b] = [ids[3], ids[4]];
    const columns =
      'action, system, actor, key, reason, detail, before, after, at, pair_count, pairs_hash, previous, hash';
    const { broken } = await foundAfter(
      `update operator_actions a set (${columns}) = (select ${columns} from operator_actions b where b.id = ${a! + b!} - a.id) where id in (${a}, ${b})`,
    );
    expect(broken?.entry).to.equal(a);
  });

  it('finds an entry that was put in, even one whose own hash is right', async () => {
    await record();
    const head = await readAuditHead(database.db);
    const forged = `insert into operator_actions (action, system, actor, at, pairs_hash, previous, hash)
      select 'resume', 'stripe', 'cli:ada on host', at, pairs_hash, '${head?.hash}', repeat('a', 64) from operator_actions where id = ${ids[0]} returning id`;
    const whole = `update operator_actions a set hash = encode(sha256(convert_to(operator_action_text(a), 'UTF8')), 'hex') where hash = repeat('a', 64)`;
    expect((await foundAfter(forged)).broken?.what).to.match(/^its content was changed/);
    expect((await foundAfter(forged, whole)).broken?.what).to.match(
      /entries at the end were removed or added$/,
    );
  });

  it('finds that the newest entries were removed', async () => {
    const head = await readAuditHead(database.db);
    const { broken } = await foundAfter(`delete from operator_actions where id = ${head?.id}`);
    expect(broken?.entry).to.equal(head?.id);
    expect(broken?.what).to.match(/^audit_head names it as the newest entry/);
  });

  it('finds a chain that was made anew from its middle, by a head that a person noted before', async () => {
    const noted = await readAuditHead(database.db);
    if (!noted) throw new Error('there is no head');
    expect(await verifyAudit(database.db, { head: parseHead(`${noted.id}:${noted.hash}`) })).to.include({
      broken: null,
    });
    await tamper(
      `delete from operator_actions where id = ${noted.id}`,
      `update audit_head set entries = entries - 1, (id, hash) = (select id, hash from operator_actions order by id desc limit 1)`,
    );
    expect((await verifyAudit(database.db)).broken).to.equal(null);
    const { broken } = await verifyAudit(database.db, { head: parseHead(noted.hash) });
    expect(broken?.what).to.match(/^the noted head \w+… is not in the chain/);
    await record();
    expect(
      (await verifyAudit(database.db, { head: parseHead(`${noted.id}:${noted.hash}`) })).broken?.entry,
    ).to.equal(noted.id);
    expect((await verifyAudit(database.db)).broken).to.equal(null);
  });

  it('goes on behind its newest entry where a restore has put the sequence below it', async () => {
    const { id: head = 0 } = (await readAuditHead(database.db)) ?? {};
    const moveTo = (number: number) =>
      database.db.raw(`select setval(pg_get_serial_sequence('operator_actions', 'id'), ${number}, false)`);
    // The numbers between are free, as after retention.
    await moveTo(head + 10);
    await recordSeven();
    await moveTo(head + 1);
    expect((await recordSeven())[0]).to.equal(head + 17);
    expect((await verifyAudit(database.db)).broken).to.equal(null);
  });

  it('is not broken by operations at the same moment', async () => {
    await Promise.all(Array.from({ length: 8 }, () => record({ pairs: [{ mappingId: 1, eventId: null }] })));
    expect((await verifyAudit(database.db)).broken).to.equal(null);
  });
});

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
