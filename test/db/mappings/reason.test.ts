import { expect } from 'chai';
import { toConsent, toEnding } from '../../../db/mappings/consent.ts';
import { codeOf, toReason, withTried } from '../../../db/mappings/reason.ts';

const failure = {
  kind: 'permanent',
  code: 'email_invalid',
  message: 'no',
  status: 400,
  request_id: null,
  field: null,
};

describe('a reason as it is stored', () => {
  it('is a member of the union with its own detail', () => {
    expect(toReason('fuse', { operation: 'delete', direction: 'in' })).to.deep.equal({
      code: 'fuse',
      detail: { operation: 'delete', direction: 'in' },
    });
    expect(toReason(null, null)).to.equal(null);
  });

  it('is a failure where it has a code of the external system', () => {
    const reason = toReason('email_invalid', failure);
    expect(reason).to.deep.equal({ code: 'failed', failure: 'email_invalid', detail: failure });
    expect(reason && codeOf(reason)).to.equal('email_invalid');
  });

  const strange: [string, unknown][] = [
    ['of_another_program', { any: 1 }],
    ['fuse', { direction: 'up' }],
    ['fuse', 'text'],
    ['ask_link', { customer: 'a text' }],
    ['constructor', {}],
    ['alias_lives', { external_id: 'cus_1', aliases: [1] }],
  ];
  for (const [code, detail] of strange)
    it(`is unknown, and keeps its code, where ${code} has ${JSON.stringify(detail)}`, () => {
      const reason = toReason(code, detail);
      expect(reason).to.include({ code: 'unknown', stored: code });
      expect(reason && codeOf(reason)).to.equal(code);
    });

  it('waits for a consent whatever its detail is: nothing is made by mistake', () => {
    for (const detail of ['text', { records: 'cus_1' }, [], { because: 'x' }])
      expect(toReason('not_linked', detail)).to.deep.equal({ code: 'not_linked', detail: null });
  });

  it('goes by its code alone where the detail says nothing that is gone by', () => {
    expect(toReason('missing', null)).to.deep.equal({ code: 'missing', detail: { external_id: null } });
    expect(toReason('create_unknown', null)).to.deep.equal({ code: 'create_unknown', detail: {} });
  });

  it('says beside its own detail what was tried', () => {
    const reason = withTried({ code: 'loop', detail: { hops: 5, message: 'm' } }, tried);
    expect(reason).to.deep.equal({ code: 'loop', detail: { hops: 5, message: 'm', ...tried } });
    expect(toReason('loop', reason.detail)).to.deep.equal(reason);
    expect(codeOf(withTried(null, tried))).to.equal('missing');
  });

  it('keeps the record that it names itself, whatever was tried', () => {
    const reason = withTried(
      { code: 'external_id_taken', detail: { external_id: 'cus_2', mapping: 9 } },
      tried,
    );
    expect(reason.detail).to.deep.equal({ ...tried, external_id: 'cus_2', mapping: 9 });
    expect(toReason('external_id_taken', reason.detail)).to.deep.equal(reason);
  });

  const tried = { external_id: null, tried: 'cus_1', why: 'missing' };
});

describe('a consent as it is stored', () => {
  const given = { by: null, at: '2026-05-04T10:00:00.000Z' };

  it('is none where no code of ours wrote it', () => {
    for (const stored of [null, 'yes', true, { to: 'record', ...given }, { to: 'customer', customer: '4' }])
      expect(toConsent(stored)).to.equal(null);
    expect(toEnding({ kind: 'gone' })).to.equal(null);
    expect(toEnding('let_go')).to.equal(null);
  });

  it('is what it names', () => {
    for (const stored of [
      { to: 'record', external_id: null, ...given },
      { to: 'customer', customer: 4, ...given },
    ])
      expect(toConsent(stored)).to.deep.equal(stored);
  });
});
