// The receipt of a comparison: when it ran, who asked, and how many pairs were found how. It has no ids and
// no values.
//
// A crash before the receipt is stored leaves none: the comparison itself writes nothing.
import { saveComparison } from '../../db/health/comparisons.ts';
import { newEventId } from '../uuid.ts';
import type { SyncDeps } from '../sync/step.ts';
import type { Comparison } from './comparison.ts';

export async function storeReceipt(
  { db, clock, integration }: Pick<SyncDeps, 'db' | 'clock' | 'integration'>,
  { agree, findings, unknownThere }: Comparison,
  { beganAt, actor }: { beganAt: Date; actor: string },
): Promise<void> {
  const counts: Record<string, number> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  const endedAt = clock.now();
  const { system } = integration;
  const figures = { agree, findings: counts, unknownThere };
  await saveComparison(db, { id: newEventId(endedAt), system, beganAt, endedAt, actor, ...figures });
}
