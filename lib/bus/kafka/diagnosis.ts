// Finds out why Kafka does not answer, beside the work, and once for all requests that fail
// meanwhile.
import { findUnreachable, type AdvertisedError } from './advertised.ts';
import type { KafkaLog, KafkaSettings } from './client.ts';
import { faultOf } from './faults.ts';

export type Diagnosis = {
  /** The error itself, or one that explains it better. Takes some seconds at most. */
  explain(error: unknown): Promise<unknown>;
  /** Begins a check, at most every few seconds, without waiting for it. */
  begin(error: unknown): void;
  /** The result of the last check, if it is recent; null if all addresses could be reached. */
  latest(): string | null;
};

const EVERY_MS = 5_000;
/** An older result says nothing about the present. */
const VALID_MS = 30_000;

export function createDiagnosis(settings: KafkaSettings, log: KafkaLog): Diagnosis {
  let looking: Promise<AdvertisedError | null> | null = null;
  let last: { at: number; found: AdvertisedError | null } = { at: -Infinity, found: null };

  function look(): Promise<AdvertisedError | null> {
    return (looking ??= findUnreachable(settings, log).then((found) => {
      last = { at: performance.now(), found };
      looking = null;
      return found;
    }));
  }

  return {
    async explain(error) {
      return faultOf(error) === 'passing' ? ((await look()) ?? error) : error;
    },
    begin(error) {
      if (faultOf(error) === 'passing' && performance.now() - last.at > EVERY_MS) void look();
    },
    latest: () => (performance.now() - last.at < VALID_MS ? (last.found?.message ?? null) : null),
  };
}
