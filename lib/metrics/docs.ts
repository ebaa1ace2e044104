// The table of docs/metrics.md, from the declarations.
import { isSampled, metricNames, metrics } from './declarations.ts';
import type { Label } from './labels.ts';

const [BEGIN, END] = ['<!-- begin: written by make settings -->', '<!-- end -->'];

/** The page with its table written anew; throws if it has no place for it. */
export function withTable(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from === -1 || to < from) throw new Error(`docs/metrics.md has no "${BEGIN}" before "${END}"`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${metricsTable()}\n${page.slice(to)}`;
}

export function metricsTable(): string {
  return metricNames.map(describe).join('\n');
}

function describe(name: (typeof metricNames)[number]): string {
  const { kind, help, labels, buckets, answers } = metrics[name];
  const listed = Object.entries(labels).map(([label, values]) => `  - \`${label}\`: ${sayValues(values)}\n`);
  const bounds = buckets ? `  - buckets: ${buckets.join(', ')}\n` : '';
  const from = isSampled(name) ? 'the same in every process: take the max' : 'of each process';
  return `- **\`${name}\`** (${kind}, ${from}): ${help} *${answers}*\n${listed.join('')}${bounds}`;
}

function sayValues({ of: closed, most, says = '' }: Label): string {
  if (closed) return closed.map((value) => `\`${value}\``).join(', ');
  return most === undefined ? says : `${says}, at most ${most}`;
}
