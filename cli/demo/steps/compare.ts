import { readAnswerTimes, type AnswerTime } from '../../../db/health/reports.ts';
import { exitStatusOf } from '../../../lib/operations/comparison.ts';
import { compare, summarise } from '../../comparison.ts';
import type { Narrator } from '../narrator.ts';
import type { World } from '../world.ts';

const WAIT_SECONDS = 30;

/** Compares every customer, field by field. */
export async function compareBoth(
  world: World,
  narrator: Narrator,
): Promise<{ agree: boolean; line: string }> {
  narrator.step('Compare every customer on both sides');
  const report = await compare(world.sync, WAIT_SECONDS);
  for (const { kind, customer, why } of report.findings)
    narrator.line(`${kind}: customer ${customer ?? '?'}, ${why}`);
  return { agree: exitStatusOf(report) === 0 && report.agree > 0, line: summarise(report) };
}

/** The times from the commit of a change to Stripe's answer. */
export async function printTimes(world: World, narrator: Narrator): Promise<void> {
  const times = await readAnswerTimes(world.database.db, { system: world.sync.integration.system });
  const created = times.filter(({ eventType }) => eventType === 'customer.created');
  const single = times.filter(({ eventType }) => eventType !== 'customer.created');
  narrator.line('From commit to Stripe’s answer, in milliseconds:');
  narrator.rows([
    ['', 'p50', 'p95', 'max'],
    row('one at a time', single, 'edits and deletes, the system idle'),
    row('all at once', created, 'creates, through the kill, the restart and Stripe’s limit of 25 a second'),
  ]);
}

function row(name: string, times: AnswerTime[], what: string): string[] {
  const sorted = times.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (part: number): string => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    return value === undefined ? '–' : String(Math.round(value));
  };
  return [name, at(0.5), at(0.95), at(1), `${times.length} ${what}`];
}
