// Old parts of the record of operations leave, and the rest stays provable.
import { expect } from 'chai';
import { readAuditHead, retireAudit } from '../../db/audit.ts';
import { recordAction } from '../../db/operator-actions.ts';
import { saveWalkPosition } from '../../db/relay/receive-gap.ts';
import { withTransaction } from '../../db/server/connection.ts';
import { checkAudit, verifyAudit } from '../../lib/operations/audit-chain.ts';
import { useDatabase } from '../support/database.ts';

const AT = new Date('2026-03-01T12:00:00.123Z');
const DAY = 86_400_000;

describe('retention of the record of operations', () => {
  const database = useDatabase();
  const late = new Date(AT.getTime() + 100 * DAY);
  const cutoff = new Date(AT.getTime() + 50 * DAY);

  async function record(at: Date): Promise<number> {
    const action = {
      action: 'pause',
      system: 'stripe',
      actor: 'cli:ada on host',
      reason: null,
      detail: {},
      at,
    };
    return withTransaction(database.db, (tx) =>
      recordAction(tx, { ...action, pairs: [{ mappingId: 1, eventId: null }] }),
    );
  }
  const retire = (pass?: (step: string) => unknown) =>
    retireAudit(database.db, { cutoff, now: late, ...(pass && { pass }) });
  const count = async (table: string): Promise<number> => (await database.db(table)).length;

  /** As the process that logs operations has left it. */
  const logged = async (): Promise<void> =>
    saveWalkPosition(database.db, 'operator-log', (await readAuditHead(database.db))?.id ?? 0);

  before('record four old operations and a new one', async () => {
    for (const at of [AT, AT, AT, AT, late]) await record(at);
  });

  it('leaves entries that no process has logged yet', async () => {
    expect(await retire()).to.include({ entries: 0, broken: null });
  });

  it('removes nothing if the process ends within it', async () => {
    await logged();
    for (const step of ['checkpoint', 'recorded', 'pairs-removed', 'before-commit']) {
      const error = await errorOf(
        retire((at) => {
          if (at === step) throw new Error(`the end at ${step}`);
        }),
      );
      expect(error).to.have.property('message', `the end at ${step}`);
      expect([await count('operator_actions'), await count('audit_checkpoints')]).to.deep.equal([5, 0]);
    }
    expect((await verifyAudit(database.db)).broken).to.equal(null);
  });

  it('leaves a part that was changed, so that it can be examined', async () => {
    await logged();
    const tampered = Number((await database.db('operator_actions').min('id as id').first())?.id) + 1;
    const change = (reason: string | null) =>
      database.db.transaction(async (tx) => {
        await tx.raw(`set local session_replication_role = replica`);
        await tx('operator_actions').where({ id: tampered }).update({ reason });
      });
    await change('another');
    expect(await retire()).to.deep.equal({ entries: 0, lastId: null, broken: tampered });
    await change(null);
  });

  it('removes the old part, and the chain is provable from its checkpoint on', async () => {
    await logged();
    expect(await retire()).to.include({ entries: 4, broken: null });
    expect(await count('operator_actions')).to.equal(2);
    expect(await count('operator_action_pairs')).to.equal(1);
    expect(await verifyAudit(database.db)).to.include({ entries: 2, left: 4, broken: null });
    await record(late);
    expect(await verifyAudit(database.db)).to.include({ entries: 3, left: 4, broken: null });
    expect(await retire()).to.include({ entries: 0 });
  });

  it('refuses every other removal and change', async () => {
    for (const sql of [
      `delete from operator_actions`,
      `delete from operator_action_pairs`,
      `update audit_checkpoints set entries = 1`,
      `delete from audit_checkpoints`,
      `truncate audit_checkpoints`,
      `delete from audit_head`,
    ])
      expect(await errorOf(database.db.raw(sql)), sql).to.have.property('code', 'TB003');
  });

  it('is found out where a person removed a part with a checkpoint of their own', async () => {
    const broken = async (...statements: string[]) => {
      const undo = new Error('undo');
      let what = '';
      await database.db
        .transaction(async (tx) => {
          await tx.raw(`set local session_replication_role = replica`);
          for (const statement of statements) await tx.raw(statement);
          what = (await checkAudit(tx)).broken?.what ?? '';
          throw undo;
        })
        .catch((error: unknown) => {
          if (error !== undo) throw error;
        });
      return what;
    };
    const [, { id: second } = { id: 0 }] = await database
      .db<{ id: number }>('operator_actions')
      .orderBy('id');
    expect(
      await broken(
        `insert into audit_checkpoints (last_id, first_id, entries, previous, hash, from_at, to_at, made_at)
         select max(id), min(id), count(*), (select previous from operator_actions order by id limit 1),
                (select hash from operator_actions where id = ${second}), now(), now(), now() from operator_actions where id <= ${second}`,
        `delete from operator_actions where id <= ${second}`,
      ),
    ).to.match(/^no entry names the checkpoint/);
    expect(await broken(`update audit_checkpoints set entries = entries - 1`)).to.match(
      /another one or none$/,
    );
    expect(await broken(`delete from audit_checkpoints`)).to.include('there is no entry before it');
  });
});

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
