import { expect } from 'chai';
import { pageOf } from '../../bench/report/page.ts';
import { goalRows, otherRows, plain, withApart, type Result } from '../../bench/report/result.ts';
import { GOALS } from '../../bench/suite/goals.ts';
import type { Finding } from '../../bench/suite/measure.ts';

const machine = { processor: 'x', cores: 2, memoryGb: 24, system: 'linux x64', load: 0 };

function resultOf(findings: Finding[]): Result {
  const measure = { name: 'relay-drain', about: 'a drain', seconds: 1, answer: { findings } };
  return { date: '2026-11-30', full: false, share: 1, machine, versions: {}, measures: [measure] };
}

const verdictOf = (finding: Finding) =>
  goalRows(resultOf([finding])).find(({ text }) => text === textOf(finding.id))?.verdict;
const textOf = (id: string) => GOALS.find((goal) => goal.id === id)?.text;

describe('the result of make bench', () => {
  it('names every goal once, and says of one that nothing answers that it was not measured', () => {
    expect(new Set(GOALS.map(({ id }) => id)).size).to.equal(GOALS.length);
    const rows = goalRows(resultOf([]));
    expect(rows.map(({ text }) => text)).to.deep.equal(GOALS.map(({ text }) => text));
    expect(rows.every(({ verdict }) => verdict === 'not measured')).to.equal(true);
  });

  it('says met at the limit, and missed beyond it', () => {
    const ratio = { id: 'drain ÷ poller', unit: 'ratio' } as const;
    expect(verdictOf({ ...ratio, value: 2 })).to.equal('met');
    expect(verdictOf({ ...ratio, value: 1.99 })).to.equal('missed');
    const memory = { id: 'relay memory when draining', unit: 'MB' } as const;
    expect(verdictOf({ ...memory, value: 120 })).to.equal('met');
    expect(verdictOf({ ...memory, value: 120.1 })).to.equal('missed');
    const idle = { id: 'idle relay CPU', unit: '%' } as const;
    expect(verdictOf({ ...idle, value: 0.49 })).to.equal('met');
    expect(verdictOf({ ...idle, value: 0.5 })).to.equal('missed');
  });

  it('says not measured of a figure that is no number', () => {
    expect(verdictOf({ id: 'drain ÷ poller', unit: 'ratio', value: NaN })).to.equal('not measured');
  });

  it('says what a goal would need where it is missed, and only there', () => {
    const tax = { id: 'outbox tax', unit: 'ratio', why: 'two inserts' } as const;
    const whyOf = (value: number) =>
      goalRows(resultOf([{ ...tax, value }])).find(({ measure }) => measure !== '')?.why;
    expect(whyOf(2)).to.match(/^two inserts\. It would need a write without its event/);
    expect(whyOf(1.3)).to.equal('two inserts');
  });

  it('shows a figure without a goal by itself, with its spread and what it was measured beside', () => {
    const finding: Finding = { id: 'drain', unit: 'per second', value: 31_526, spread: [30_000, 32_000] };
    expect(otherRows(resultOf([{ ...finding, beside: 'poller: 9' }]))).to.deep.equal([
      {
        ...{ measure: 'relay-drain', text: 'drain', figure: '31,526 per second (30,000 to 32,000)' },
        ...{ beside: 'poller: 9', goal: '', verdict: '', why: '' },
      },
    ]);
  });

  it('shows what a full run measured by itself beside a shorter run, and says so', () => {
    const finding = { id: 'x', unit: 'ratio', value: 0.5 } as const;
    const soak = { name: 'soak', about: 'a soak', seconds: 1_800, answer: { findings: [finding] } };
    const full = { ...resultOf([]), date: '2026-12-01T01', full: true, measures: [soak] };
    const page = pageOf(withApart(resultOf([{ id: 'drain', unit: 'ratio', value: 3 }]), [full]), []);
    expect(page).to.include('- `soak --full` was measured by itself, on 2026-12-01.');
    const busy = pageOf(withApart(resultOf([]), [{ ...full, machine: { ...machine, load: 2 } }]), []);
    expect(busy).to.include('itself, on 2026-12-01, and the load of the machine was 2.0 before it.');
    expect(page).to.include('| x | 0.5 |  | `soak --full` |');
    expect(page).to.include('| length | 1 minutes, 1 measurements |');
  });

  it('refuses to show figures together that say nothing together', () => {
    const [run, full] = [resultOf([]), { ...resultOf([]), full: true }];
    const elsewhere = { ...full, machine: { ...machine, cores: 4 } };
    expect(() => withApart(run, [elsewhere])).to.throw('of different machines or versions');
    expect(() => withApart(run, [run])).to.throw('is not a full one');
    const busier = { ...full, machine: { ...machine, load: 2 } };
    expect(withApart(run, [full, busier]).apart).to.have.length(2);
  });

  it('shows three digits or so', () => {
    expect([0, 0.0042, 0.97, 12.34, 123.4, 12_345].map(plain)).to.deep.equal([
      ...['0', '0.0042', '0.97', '12.3', '123', '12,345'],
    ]);
  });
});
