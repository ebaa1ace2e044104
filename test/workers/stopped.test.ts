import { expect } from 'chai';
import { AppError } from '../../lib/errors.ts';
import { whyStopped } from '../../workers/stopped.ts';
import { useDatabase } from '../support/database.ts';

describe('what the log says of the error that has stopped a lane', () => {
  const database = useDatabase();

  async function refusal(sql: string, values: string[]): Promise<unknown> {
    const outcome: unknown = await database.db.raw<unknown>(sql, values).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(Error);
    return outcome;
  }

  it('has the code and the place of a refused statement, and neither its text nor a value', async () => {
    for (const [sql, code] of [
      ['select secret_column from no_such_table where email = ?', '42P01'],
      ['select ?::integer as secret_column', '22P02'],
    ] as const) {
      const stopped = whyStopped(await refusal(sql, ['ada@example.com']));
      expect(stopped.why).to.equal(`PostgreSQL refused a statement (${code})`);
      expect(JSON.stringify(stopped)).to.not.match(/secret_column|select|ada@example/);
    }
  });

  it('names what the database names', async () => {
    const insert = `insert into external_mappings (system, internal_id, state) values ('stripe', 1, ?)`;
    expect(whyStopped(await refusal(insert, ['no such state'])).about).to.match(/^external_mappings\./);
  });

  it('is the sentence of an error of our own, and says that a connection was lost', () => {
    expect(whyStopped(new AppError('wrong_account', { detail: 'the key is of acct_2' }))).to.deep.equal({
      why: 'the key is of acct_2',
    });
    const lost = new Error(`select * from customers where email = $1 - Connection terminated unexpectedly`);
    expect(whyStopped(lost).why).to.equal('Connection terminated unexpectedly');
    expect(whyStopped('text')).to.deep.equal({ why: 'unknown', about: null, at: null });
  });
});
