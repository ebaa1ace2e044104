import type { SystemAccess } from '../lib/integrations/definition.ts';

/** A system that this process can call, until it closes it. */
export type Host = SystemAccess & {
  /** Where our double of it is; null for the real one, or another double that its settings name. */
  simulatorUrl: string | null;
  /**
   * The secrets to check its webhooks with; with none, events come in by the sweep alone. `apiUrl`
   * is where this process listens.
   */
  openWebhooks(apiUrl: string): Promise<string[]>;
  close(): Promise<void>;
};
