// Counts the deliveries of a system's webhooks in memory, and stores the counts together with the
// signs of life of the process, so that a flood of forged webhooks does not cost a statement each.
// A process that is killed loses the counts of its last seconds, and nothing else.
import type { Db } from '../../db/server/connection.ts';
import { addWebhookSigns, type Counted, type WebhookSigns } from '../../db/health/webhook-signs.ts';
import type { Clock } from '../clock.ts';
import { refusedWarning } from './intake.ts';

export interface WebhookTally {
  /** A delivery with a good signature. */
  taken(): void;
  /** A delivery whose signature was refused; `reason` is the code of the answer. */
  refused(reason: string): void;
  /** Stores the counts; does nothing if nothing was counted. */
  flush(): Promise<void>;
}

export type WebhookTallyDeps = {
  db: Db;
  clock: Clock;
  system: string;
  log: { warn(event: string, fields: Record<string, unknown>): void };
};

const NOTHING: Counted = {
  taken: 0,
  takenAt: null,
  refused: 0,
  refusedFrom: null,
  refusedAt: null,
  reason: null,
};

export function createWebhookTally({ db, clock, system, log }: WebhookTallyDeps): WebhookTally {
  let counted = NOTHING;
  /** The beginning of the series of refusals that is in the log already. */
  let logged: number | null = null;

  function report(signs: WebhookSigns, now: Date): void {
    const why = refusedWarning(system, signs, now);
    if (why === null || logged === signs.refusedSince?.getTime()) return;
    logged = signs.refusedSince?.getTime() ?? null;
    const { refused, refusedSince, refusedReason } = signs;
    log.warn('webhooks.refused', { system, refused, since: refusedSince, reason: refusedReason, why });
  }

  return {
    taken() {
      counted = { ...counted, taken: counted.taken + 1, takenAt: clock.now() };
    },
    refused(reason) {
      const now = clock.now();
      const refusedFrom = counted.refusedFrom ?? now;
      counted = { ...counted, refused: counted.refused + 1, refusedFrom, refusedAt: now, reason };
    },
    async flush() {
      if (counted.taken + counted.refused === 0) return;
      const writing = counted;
      counted = NOTHING;
      let signs: WebhookSigns;
      try {
        signs = await addWebhookSigns(db, system, writing);
      } catch (error) {
        counted = together(writing, counted);
        throw error;
      }
      if (writing.refused > 0) report(signs, clock.now());
    },
  };
}

/** The counts that could not be stored, together with the counts since. */
function together(before: Counted, after: Counted): Counted {
  return {
    taken: before.taken + after.taken,
    takenAt: after.takenAt ?? before.takenAt,
    refused: before.refused + after.refused,
    refusedFrom: before.refusedFrom ?? after.refusedFrom,
    refusedAt: after.refusedAt ?? before.refusedAt,
    reason: after.reason ?? before.reason,
  };
}

/** Writes what was counted, of webhooks of every system and of other things. */
export async function flushAll(counted: readonly Pick<WebhookTally, 'flush'>[]): Promise<void> {
  await Promise.all(counted.map((each) => each.flush()));
}
