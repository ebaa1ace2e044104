import { expect } from 'chai';
import { readNames } from '../../../db/server/positional.ts';

describe('named bindings', () => {
  it('are numbered in the order of their first use, each name once', () => {
    expect(readNames('select :b::uuid, :a, :b::uuid', ['a', 'b'])).to.deep.equal({
      text: 'select $1::uuid, $2, $1::uuid',
      order: ['b', 'a'],
    });
  });

  it('leave casts and texts as they are, also where these look like a name', () => {
    const sql = `select 'customer:' || :id, 'at 10:20', now()::id, '{"a":x}'::json, 'customer:id2'`;
    expect(readNames(sql, ['id'])).to.deep.equal({
      text: `select 'customer:' || $1, 'at 10:20', now()::id, '{"a":x}'::json, 'customer:id2'`,
      order: ['id'],
    });
  });

  it('that a text does not use get no number', () => {
    expect(readNames('select 1', ['a'])).to.deep.equal({ text: 'select 1', order: [] });
  });
});
