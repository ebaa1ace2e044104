import { expect } from 'chai';
import { auditView, type Entry } from '../../../console/pages/audit.ts';
import { sample } from '../samples.ts';
import { drawn, seen, shown } from '../seen.ts';

const entry = (instead: Partial<Entry>): Entry =>
  sample<Entry>('AuditEntry', {
    reason: 'the rule was wrong',
    before: {},
    after: {},
    detail: {},
    ...instead,
  });
const [older, newer] = ['a', 'b'].map((digit) => digit.repeat(64)) as [string, string];

describe('the audit page of the console', () => {
  it('shows who did what, why, and what it changed', () => {
    const rows = [
      entry({ id: 2, action: 'pause', before: { state: 'running' }, after: { state: 'paused' } }),
    ];
    expect(shown(auditView({ rows, next: null }, seen('/console/audit'))))
      .to.include('pause')
      .and.include('the rule was wrong')
      .and.match(/state running → paused/);
  });

  it('names an entry that does not follow the one before it', () => {
    const chain = [entry({ id: 2, previous: older, hash: newer }), entry({ id: 1, hash: older })];
    const text = (rows: Entry[]) => shown(auditView({ rows, next: null }, seen('/console/audit')));
    expect(text(chain)).not.to.include('does not follow');
    expect(text([entry({ id: 2, previous: newer }), entry({ id: 1, hash: older })])).to.include(
      'Entry 2 does not follow the one before it.',
    );
  });

  it('says what will stand here where nothing was done, and drops a filter that fits nothing', () => {
    const none = { rows: [], next: null };
    expect(shown(auditView(none, seen('/console/audit')))).to.include('No person has acted yet.');
    expect(shown(auditView(none, seen('/console/audit?action=foo')))).to.include('No act with action = foo');
  });

  it('shows a hostile reason literally', () => {
    const rows = [entry({ id: 1, reason: '<script>alert(1)</script>\u202Eabc' })];
    expect(drawn(auditView({ rows, next: null }, seen('/console/audit'))))
      .to.include('&lt;script&gt;')
      .and.include('U+202E');
  });
});
