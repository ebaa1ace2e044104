import { expect } from 'chai';
import fc from 'fast-check';
import { metricNames, metrics } from '../../../lib/metrics/declarations.ts';
import { createMeasures } from '../../../lib/metrics/measures.ts';
import { createMeter, OTHER } from '../../../lib/metrics/registry.ts';
import { parseMetrics } from '../../support/exposition.ts';

describe('the declared metrics', () => {
  it('have their unit in the name, a help, and a question that they answer', () => {
    for (const name of metricNames) {
      const { kind, help, answers } = metrics[name];
      expect(name.endsWith('_total'), name).to.equal(kind === 'counter');
      if (kind === 'histogram') expect(name, name).to.match(/_seconds$/);
      expect(help, name).to.match(/[^.]\.$/);
      expect(answers, name).to.match(/\?$/);
    }
  });

  it('have labels that are closed, or have a most', () => {
    for (const name of metricNames)
      for (const [label, { of: closed, most, form, isSystem }] of Object.entries(metrics[name].labels))
        expect(
          closed !== undefined || isSystem === true || (most !== undefined && form !== undefined),
          `${name}.${label}`,
        ).to.equal(true);
  });
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.emailAddress(),
  fc.uuid(),
  fc.stringMatching(/^cus_[A-Za-z0-9]{14}$/),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'a"} 1\nforged{x="',
    '\u202e',
    '',
    '/api/v1/customers/4815162342',
  ),
);

/** One call of each function, with values that another program chose. */
function tellAll(measures: ReturnType<typeof createMeasures>, [a, b, c]: readonly string[], n: number): void {
  const [one = '', two = '', three = ''] = [a, b, c];
  const delivery = {
    eventId: one,
    target: two,
    eventType: three,
    status: one,
    sinceWritten: n,
    sinceReceived: n,
  };
  measures.settled(one, [delivery]);
  measures.parkedBroken(two, 1);
  measures.attempted(one, [{ status: n, error: two }], true);
  measures.requested(one, { method: two, route: three, status: n, replayed: false, seconds: n });
  measures.progressed([{ topic: one, partition: n, group: two }]);
  measures.webhook(one, two);
  measures.answered({ method: one, route: two, status: n, seconds: n });
}

describe('hostile values in labels', () => {
  it('make a bounded number of series, with no email, no id and no forged line', async () => {
    const meter = createMeter(['stripe'], { processMetrics: false });
    const measures = createMeasures(meter, ['stripe']);
    fc.assert(
      fc.property(fc.tuple(hostile, hostile, hostile), fc.integer({ min: -1e9, max: 1e9 }), (texts, n) =>
        tellAll(measures, texts, n),
      ),
      { numRuns: 3_000 },
    );
    const text = await meter.text();
    const series = parseMetrics(text);
    // Topics and groups have the names of the settings, which no request can choose.
    const chosen = ['topic', 'group'];
    const values = series.flatMap(({ labels }) =>
      Object.entries(labels).flatMap(([label, value]) => (chosen.includes(label) ? [] : [value])),
    );
    expect(
      values.filter((value) => /@|cus_|[0-9a-f]{8}-[0-9a-f]{4}|[^\x20-\x7e]|4815162342/.test(value)),
    ).to.deep.equal([]);
    expect(text).not.to.match(/^forged\{/m);
    for (const name of metricNames)
      for (const [label, { of: closed, most = 1 }] of Object.entries(metrics[name].labels)) {
        const seen = new Set(
          series.filter((one) => one.name.startsWith(name)).map(({ labels }) => labels[label]),
        );
        seen.delete(undefined);
        expect(seen.size, `${name}.${label}`).to.be.at.most((closed?.length ?? most) + 1);
      }
  });

  it('show as "other"', async () => {
    const meter = createMeter(['stripe'], { processMetrics: false });
    createMeasures(meter, []).webhook('stripe', 'maria@example.com');
    expect(parseMetrics(await meter.text())).to.deep.include({
      name: 'webhook_received_total',
      labels: { system: 'stripe', result: OTHER },
      value: 1,
    });
  });
});
