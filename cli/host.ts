import type { SystemAccess } from '../lib/integrations/definition.ts';

/** A system that this process can call, until it closes it. */
export type Host = SystemAccess & {
  /** The simulator's address; null for the real system, and for a server that its settings name. */
  simulatorUrl: string | null;
  /**
   * The secrets with which its webhooks are checked; without a secret only the sweep brings events.
   * `apiUrl` is the address of this process's API.
   */
  openWebhooks(apiUrl: string): Promise<string[]>;
  close(): Promise<void>;
};
