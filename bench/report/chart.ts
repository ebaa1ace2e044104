// Bar charts as SVG texts, by hand: they follow the reader's light or dark colours, and need no library.

export type Bar = {
  /** The contestant. */
  name: string;
  /** Drawn one after the other in one bar (`stacked`), or under each other. */
  parts: readonly number[];
  isOurs: boolean;
};

export type Chart = {
  title: string;
  /** What the parts are: two at most. */
  parts: readonly string[];
  bars: readonly Bar[];
  stacked: boolean;
  format: (value: number) => string;
};

const WIDTH = 760;
const LABELS = 190;
const VALUES = 120;
const THICK = 18;
const GAP = 12;
/** Where the bars begin: under the title, and under the names of the parts. */
const TOP = 36;
const TOP_WITH_PARTS = 62;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 15px; font-weight: 600; }
    .ours { fill: #0b62c4; } .ours.b { fill: #79b0ee; }
    .peer { fill: #6e7781; } .peer.b { fill: #b3bac2; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .ours { fill: #58a6ff; } .ours.b { fill: #1f5fae; }
      .peer { fill: #9aa4af; } .peer.b { fill: #565f69; }
    }`;

export function chartSvg({ title, parts, bars, stacked, format }: Chart): string {
  const rowHeight = (stacked ? THICK : THICK * parts.length) + GAP;
  const top = parts.length > 1 ? TOP_WITH_PARTS : TOP;
  const height = top + bars.length * rowHeight + 4;
  const longest = Math.max(
    ...bars.map((bar) => (stacked ? bar.parts.reduce((a, b) => a + b, 0) : Math.max(...bar.parts))),
  );
  const scale = (WIDTH - LABELS - VALUES) / longest;
  const lines = bars.map((bar, row) => barSvg(bar, { y: top + row * rowHeight, scale, stacked, format }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    `  <style>${STYLE}\n  </style>`,
    `  <text class="title" x="0" y="18">${escaped(title)}</text>`,
    ...(parts.length > 1 ? parts.map(legendSvg) : []),
    ...lines.flat(),
    '</svg>',
    '',
  ].join('\n');
}

/** The peers' colours; ours are the same, light and dark, in blue. */
function legendSvg(part: string, at: number): string {
  const x = LABELS + at * 210;
  const fill = at === 0 ? 'peer' : 'peer b';
  return `  <rect class="${fill}" x="${x}" y="32" width="12" height="12"/><text x="${x + 18}" y="43">${escaped(part)}</text>`;
}

type Drawing = { y: number; scale: number; stacked: boolean; format: Chart['format'] };

function barSvg({ name, parts, isOurs }: Bar, { y, scale, stacked, format }: Drawing): string[] {
  const middle = y + ((stacked ? 1 : parts.length) * THICK) / 2 + 5;
  const lines = [`  <text x="${LABELS - 10}" y="${middle}" text-anchor="end">${escaped(name)}</text>`];
  let x = LABELS;
  parts.forEach((value, at) => {
    const top = stacked ? y : y + at * THICK;
    const width = Math.max(1, value * scale);
    const kind = `${isOurs ? 'ours' : 'peer'}${at === 0 ? '' : ' b'}`;
    const [left, right] = [x.toFixed(1), (x + width + 8).toFixed(1)];
    lines.push(
      `  <rect class="${kind}" x="${left}" y="${top}" width="${width.toFixed(1)}" height="${THICK - 2}"/>`,
    );
    if (!stacked) lines.push(`  <text x="${right}" y="${top + 13}">${escaped(format(value))}</text>`);
    else x += width;
  });
  const all = parts.map(format).join(' + ');
  if (stacked) lines.push(`  <text x="${(x + 8).toFixed(1)}" y="${y + 13}">${escaped(all)}</text>`);
  return lines;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
