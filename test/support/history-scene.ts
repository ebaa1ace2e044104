import type { Chances } from './chances.ts';
import type { HistoryOptions } from './history-options.ts';
import type { SyncWorld } from './sync.ts';
import type { Inbound } from './two-way.ts';

/** What the parts of a history share. */
export interface Scene {
  world: SyncWorld;
  inbound: Inbound;
  chances: Chances;
  options: HistoryOptions;
  say: (line: string) => void;
  count: (what: string, times?: number) => void;
}
