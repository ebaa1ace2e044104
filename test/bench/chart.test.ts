import { expect } from 'chai';
import { chartSvg } from '../../bench/report/chart.ts';

describe('a chart', () => {
  const chart = {
    ...{ title: 'a < b & "c"', parts: ['one', 'two'], format: String },
    bars: [
      { name: 'ours', parts: [30, 10], isOurs: true },
      { name: 'peer', parts: [60, 20], isOurs: false },
    ],
  };
  const widths = (svg: string) =>
    [...svg.matchAll(/class="(?:ours|peer)(?: b)?" x="[\d.]+" y="\d+" width="([\d.]+)" height="16"/g)].map(
      ([, width]) => Number(width),
    );

  it('draws bars in the proportion of their figures', () => {
    const stacked = widths(chartSvg({ ...chart, stacked: true }));
    expect(stacked[2]).to.be.closeTo((stacked[0] ?? 0) * 2, 0.2);
    const beside = widths(chartSvg({ ...chart, stacked: false }));
    expect(beside[2]).to.be.closeTo((beside[3] ?? 0) * 3, 0.2);
  });

  it('has colours for light and dark, and no text that is markup', () => {
    const svg = chartSvg({ ...chart, stacked: true });
    expect(svg).to.include('prefers-color-scheme: dark');
    expect(svg).to.include('a &lt; b &amp; &quot;c&quot;');
  });
});
