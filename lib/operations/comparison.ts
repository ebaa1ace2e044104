// The comparison behind `twinbox verify`: every pair is compared with what the system answers now.
//
// A difference counts only if the mapping is clean and has not changed since before the read; a
// pair with open work is `pending`. A record that a list does not show may still exist: one GET
// confirms that it is gone, and a 404 is `missing`, never a deletion. Held, alias, waiting, detached
// and closed pairs are listed and do not count. A pair that rests because its system is not to have the
// row agrees. The comparison only reads.
import { hasEnded } from '../../db/mappings/state.ts';
import { findUnmapped, readPairs, rereadPair, type ComparedPair } from '../../db/mappings/comparison.ts';
import { readSweep } from '../../db/sweep.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import {
  emptyReport,
  judge,
  judgeAbsent,
  judgeUnknown,
  judgeUnlinked,
  type Comparison,
} from './comparison-judge.ts';
import { readPairsPage, type PairsPage } from './comparison-pages.ts';
import type { SyncDeps } from '../sync/step.ts';

export type { Comparison, Finding } from './comparison-judge.ts';

/**
 * 0: all agree; 1: a pair differs; 2: unknown, or a person has to decide (pending, parked,
 * missing).
 */
export function exitStatusOf({ findings }: Comparison): 0 | 1 | 2 {
  if (findings.some((f) => f.kind === 'drift')) return 1;
  return findings.some((f) => f.kind === 'pending' || f.kind === 'parked' || f.kind === 'missing') ? 2 : 0;
}

/**
 * Compares everything once. `onProgress` receives the number of pairs that were compared so far.
 */
export async function compareAll(
  deps: SyncDeps,
  onProgress: (done: number) => void = () => undefined,
): Promise<Comparison> {
  const { db, integration } = deps;
  const report = emptyReport();
  const boundAt = (await readSweep(db, integration.system))?.boundAt ?? null;
  let done = 0;
  const count = (): void => onProgress(++done);
  const before = new Map<string, ComparedPair>();
  const unreadable = new Set<string | null>();
  for (let after: number | null = 0; after !== null;) {
    const page: PairsPage = await readPairsPage(deps, after);
    for (const { mappingId: mapping, internalId: customer, externalId } of page.unreadable) {
      report.findings.push({ kind: 'parked', mapping, customer, externalId, why: 'unreadable' });
      unreadable.add(externalId);
      count();
    }
    for (const pair of page.pairs) {
      if (pair.externalId === null || hasEnded(pair)) {
        judgeUnlinked(deps, report, pair);
        count();
      } else before.set(pair.externalId, pair);
    }
    after = page.next;
  }
  for await (const page of integration.list({})) {
    for (const record of page) {
      if (unreadable.has(record.externalId)) continue;
      const pair = before.get(record.externalId);
      if (pair) {
        before.delete(record.externalId);
        await judge(deps, report, pair, record);
        count();
      } else {
        await judgeUnknown(deps, report, record);
        if (boundAt && isNotReceived(record, boundAt)) report.notReceived.push(record.externalId);
      }
    }
  }
  for (const pair of before.values()) {
    await judgeAbsent(deps, report, pair);
    count();
  }
  await lookAgain(deps, report);
  for (const customer of await findUnmapped(db, integration.system)) {
    report.findings.push({ kind: 'pending', mapping: null, customer, externalId: null, why: 'not_received' });
  }
  return report;
}

/**
 * A pair that has begun to change since it was read is not reported as drift: each such pair is
 * read once more, at the end.
 */
export async function lookAgain({ db, integration }: SyncDeps, report: Comparison): Promise<void> {
  for (const finding of report.findings.filter(({ kind }) => kind === 'drift')) {
    const { mapping, externalId } = finding;
    const now = mapping === null ? null : await rereadPair(db, mapping);
    const [linked] =
      mapping === null && externalId !== null
        ? await readPairs(db, integration.system, 0, 1, externalId)
        : [];
    const moves =
      now !== null && (now.dirty !== now.clean || now.intent || (now.row?.version ?? 0) > now.wantedVersion);
    if (moves || linked || (mapping !== null && now === null))
      Object.assign(finding, { kind: 'pending', why: 'changed_meanwhile' });
  }
}

/** Repeats the comparison until no pair is pending or the time is over, with `rest` between two. */
export async function compareUntilQuiet(
  compare: () => Promise<Comparison>,
  { deadline, rest }: { deadline: number; rest: () => Promise<void> },
): Promise<Comparison> {
  for (;;) {
    const report = await compare();
    if (!report.findings.some((f) => f.kind === 'pending') || performance.now() >= deadline) return report;
    await rest();
  }
}

/**
 * Times at the system are whole seconds: a record created in the second of the binding is not
 * counted.
 */
function isNotReceived({ ownerTag, foreignTag, createdAt }: ExternalRecord, boundAt: Date): boolean {
  return ownerTag === null && !foreignTag && createdAt > boundAt;
}
