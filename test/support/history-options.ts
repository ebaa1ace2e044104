import type { FieldRule } from '../../lib/catalogue/document.ts';
import type { SyncPolicy } from '../../lib/sync/step.ts';
import { createChances } from './chances.ts';
import type { SystemOfWorld } from './system-of-world.ts';

export interface HistoryOptions {
  seed: number;
  /** The number of moves, or their numbers. */
  moves?: number | readonly number[];
  /** The history begins with a row that has its record. */
  linkedAtFirst?: boolean;
  policy?: Partial<SyncPolicy>;
  rules?: Partial<FieldRule>;
  /** People give a customer the email of another one. */
  sharedEmails?: boolean;
  deletes?: boolean;
  /** People leave fields empty, edit fields without a mapping, and copy owner tags by hand. */
  oddities?: boolean;
  /** Time jumps past the life of keys, and once past everything that is kept for a month. */
  longTimes?: boolean;
  /** The account has records before the first contact. */
  filledBefore?: boolean;
  workers?: number;
  /**
   * People create second records at the external system and tidy them up, and choose another record
   * for a customer.
   */
  doubles?: boolean;
  trace?: (line: string) => void;
  /** In Stripe's place. */
  system?: SystemOfWorld;
}

const CONFLICTS = [
  'internal_wins',
  'external_wins',
  'external_unless_blank',
  'internal_unless_blank',
] as const;

/**
 * All other differences between histories: the seed decides them, so that the seed alone repeats a
 * history.
 */
export function optionsOf(seed: number): HistoryOptions {
  const { chance, pick } = createChances(seed ^ 0x5eed);
  const longTimes = chance(0.3);
  return {
    seed,
    moves: pick([40, 60, 80]) ?? 60,
    linkedAtFirst: chance(0.7),
    rules: { conflict: pick(CONFLICTS) ?? 'internal_wins' },
    policy: {
      linkByEmail: pick(['ask', 'ask', 'link', 'never'] as const) ?? 'ask',
      looksBeforeCreate: (seed & 7) !== 7,
      ...(chance(0.15) ? { deletes: 'detach' } : {}),
      ...(longTimes ? { parkAfterMs: Infinity } : {}),
    },
    sharedEmails: chance(0.5),
    deletes: chance(0.85),
    oddities: chance(0.4),
    longTimes,
    workers: chance(0.5) ? 2 : 3,
    // Drawn last, so that older histories stay the same in everything else.
    filledBefore: chance(0.3),
    doubles: chance(0.5),
  };
}

/** The options in one line, for the report of a failure. */
export function describeOptions(options: HistoryOptions): string {
  return JSON.stringify(
    { ...options, seed: undefined, system: options.system?.name },
    (_key, value: unknown) => (value === Infinity ? 'never' : value),
  );
}

/** The seeds that `make test` runs every time. */
export const FIXED: readonly number[] = Array.from({ length: 100 }, (_, n) => n + 1);

/** Set SEED to this value to repeat a history; without it each run has another one. */
export function firstSeed(): number {
  return Number(process.env['SEED'] ?? Date.now() % 1_000_000);
}
