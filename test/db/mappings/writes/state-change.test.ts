import { expect } from 'chai';
import type { Consent, Ending } from '../../../../db/mappings/consent.ts';
import type { Mapping } from '../../../../db/mappings/mappings.ts';
import type { Waiting } from '../../../../db/mappings/reason.ts';
import * as become from '../../../../db/mappings/writes/state-change.ts';

const by = { by: 'ops', at: '2026-05-04T10:00:00.000Z' };
const toRecord: Consent = { to: 'record', external_id: 'cus_1', ...by };
const toCustomer: Consent = { to: 'customer', customer: 4, ...by };
const letGo: Ending = { kind: 'let_go', was: 'parked', because: 'missing', ...by, why: null };

const mappingWith = (columns: Partial<Mapping>): Mapping => ({
  ...{ id: 7, entityType: 'customer', internalId: 1, system: 'stripe', account: 'acct_1' },
  ...({
    externalType: 'customer',
    role: 'primary',
    externalId: 'cus_1',
    madeRecord: true,
    state: 'waiting',
  } as const),
  ...{ reason: null, consent: null, ending: null, decision: null, shadow: {}, wantedVersion: 1 },
  ...{ pushedVersion: 0, dirty: 2, clean: 1, mustRead: false, attempts: 0, firstFailedAt: null },
  ...{ lastError: null, nextAttemptAt: null, fence: 3, intentNumber: 0, parts: 0, intent: null },
  ...{ knownEmail: null, voidTag: null, mergedInto: null },
  ...columns,
});

describe('a consent', () => {
  const after = (consent: Consent, reason: Waiting): Consent | null => {
    const change = become.waiting(mappingWith({ consent }), reason);
    return change.consent === undefined ? consent : change.consent;
  };

  it('stays while the pair waits for something else', () => {
    const others: Waiting[] = [
      { code: 'pulls_off', detail: { operation: 'create' } },
      { code: 'writes_off', detail: { operation: 'create' } },
      { code: 'account_unread', detail: {} },
      { code: 'lost_row', detail: {} },
      { code: 'not_linked', detail: {} },
    ];
    for (const reason of others) {
      expect(after(toRecord, reason), reason.code).to.equal(toRecord);
      expect(after(toCustomer, reason), reason.code).to.equal(toCustomer);
    }
    expect(after(toCustomer, { code: 'ask_link', detail: { customer: 4 } })).to.equal(toCustomer);
  });

  it('ends where its record is not to be had, or one was found where it said that there is none', () => {
    expect(after(toRecord, { code: 'not_linked', detail: { tried: 'cus_1', why: 'erased' } })).to.equal(null);
    const found = { because: 'identity_exists', records: ['cus_2'] } as const;
    const none: Consent = { to: 'record', external_id: null, ...by };
    expect(after(none, { code: 'not_linked', detail: { ...found, records: ['cus_2'] } })).to.equal(null);
  });

  it('ends where the record belongs to another customer by its email', () => {
    for (const code of ['ask_link', 'duplicate_email'] as const)
      expect(after(toCustomer, { code, detail: { customer: 5 } })).to.equal(null);
  });

  it('is named by nothing that parks a pair or puts it off', () => {
    const parked = become.parked({ code: 'loop', detail: { hops: 5, message: 'm' } });
    for (const change of [parked, become.triedAgain(mappingWith({ consent: toRecord }))])
      expect(change).to.not.have.any.keys('consent', 'decision', 'ending');
  });

  it('ends with the link that it was for, and with the pair', () => {
    const over = [
      become.linked(),
      become.imported(),
      become.ended('tombstoned'),
      become.alias(),
      become.begunAnew(),
    ];
    for (const change of over) expect(change).to.include({ consent: null, reason: null, ending: null });
  });
});

describe('a decision that cannot be carried out', () => {
  const tried = { tried: 'cus_9', why: 'missing' };

  it('leaves the pair where it was, with what was tried beside its reason', () => {
    const reason = { code: 'loop', detail: { hops: 5, message: 'm' } } as const;
    const change = become.refused(mappingWith({ state: 'parked', reason, consent: toRecord }), tried);
    expect(change).to.deep.equal({
      state: 'parked',
      reason: { code: 'loop', detail: { hops: 5, message: 'm', external_id: 'cus_1', ...tried } },
      decision: null,
    });
  });

  it('leaves a pair that was let go as it was', () => {
    const reopened = { reason: { code: 'reopened', detail: null }, ending: letGo } as const;
    expect(become.refused(mappingWith(reopened), tried)).to.deep.equal({
      ...{ state: 'detached', reason: null, decision: null },
      ending: { ...letGo, refused: tried },
    });
    const tombstoned = { ...reopened, ending: { kind: 'tombstoned' } } as const;
    expect(become.refused(mappingWith(tombstoned), tried)).to.include({ state: 'tombstoned', ending: null });
  });
});

describe('a release', () => {
  const released = mappingWith({ decision: { kind: 'release' } });

  it('is over once the record was read and lives, and not before', () => {
    expect(become.written(released, { lives: true })).to.include({ decision: null });
    expect(become.written(released, { lives: false })).to.not.have.property('decision');
  });

  it('is distinguished from a decision about which record belongs to the row, which stays', () => {
    const decided = mappingWith({ decision: { kind: 'recreate' } });
    expect(become.written(decided, { lives: true })).to.not.have.property('decision');
  });
});
