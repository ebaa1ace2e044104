import { expect } from 'chai';
import { chart } from '../../../console/chart.ts';
import { healthView, type Samples } from '../../../console/pages/health.ts';
import { sample } from '../samples.ts';
import { drawn, NOW, seen, shown } from '../seen.ts';

const given = sample<Samples>('Samples');
const minute = (ago: number): string => new Date(NOW.getTime() - ago * 60_000).toISOString();
const points = (...values: (number | null)[]) =>
  values.map((value, at) => ({ at: minute(values.length - at), value }));
const lines = (html: string): number => html.match(/<polyline/g)?.length ?? 0;

describe('the health page of the console', () => {
  it('says since when nothing is measured, and where to look', () => {
    const old = given.samples.map((each) => ({ ...each, minute: minute(18) }));
    expect(shown(healthView({ ...given, samples: old }, seen('/console/health')))).to.include(
      'No data since 07:44: a worker measures once a minute. Is one running?',
    );
    const fresh = given.samples.map((each) => ({ ...each, minute: minute(1) }));
    expect(shown(healthView({ ...given, samples: fresh }, seen('/console/health')))).not.to.include(
      'No data since',
    );
  });

  it('says that a clock is off', () => {
    const off = given.samples.map((each) => ({ ...each, minute: minute(1), clock_skew_ms: -412_000 }));
    expect(shown(healthView({ ...given, samples: off }, seen('/console/health')))).to.include(
      'is 7 min behind the clock of the database',
    );
  });

  it('shows each process with its role, and marks one without a sign of life', () => {
    const [process] = given.processes;
    const dead = process ? [{ ...process, role: 'relay', living: false, stopped_at: null }] : [];
    expect(shown(healthView({ ...given, processes: dead }, seen('/console/health')))).to.match(
      /relay no sign of life/,
    );
  });

  it('gives each chart an id of its own', () => {
    const html = drawn(healthView(given, seen('/console/health')));
    const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).to.deep.equal([...new Set(ids)]);
  });
});

describe('a chart', () => {
  const of = (...values: (number | null)[]): string =>
    chart({ id: 'c', title: 'lag', points: points(...values), unit: 'count' }, NOW).toString();

  it('joins minutes that follow one another, and leaves a gap where one is missing', () => {
    expect(lines(of(1, 2, 3))).to.equal(1);
    expect(lines(of(1, 2, null, 3, 4))).to.equal(2);
  });

  it('says in words how it stands now, and its highest', () => {
    expect(of(3, 8, 5)).to.include('aria-label="lag: now 5, highest 8"');
    expect(of(3, null)).to.include('now not known, highest 3');
  });

  it('says that nothing was measured rather than drawing a zero', () => {
    expect(of(null, null)).to.include('Nothing was measured in the last hour.').and.not.include('<svg');
  });
});
