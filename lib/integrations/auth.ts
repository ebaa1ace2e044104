// The contract between the engine and a system whose credential is minted or rotates. The engine
// stores it, encrypted, renews it in one process at a time, and sends a refused request once more with
// a newer one. An integration sees the secrets of one request and no storage. A system with a static
// credential from its settings has nothing of this file.
import type { Failure } from './integration.ts';

/** By the system's own names: `access_token`, `refresh_token`, the address that a token is for. */
export type Secrets = Readonly<Record<string, string>>;

export interface Renewed {
  secrets: Secrets;
  /** When it stops being taken; null where the system does not say. It is renewed before. */
  expiresAt: Date | null;
  /** The time by which a person has to connect the account again, if the system says one. */
  reconnectBy?: Date | null;
}

export interface RenewOptions {
  /** Aborts after `renewTimeoutMs`. */
  signal: AbortSignal;
  /** The engine's time before the request. */
  now: Date;
}

export interface Auth {
  /**
   * `minted`: the settings alone are enough to get one, at any time. `rotating`: each renewal needs
   * what the last one brought, and may replace it; a person gives the first (`twinbox credentials set`).
   */
  kind: 'minted' | 'rotating';
  /** Where the secrets are sent: a stored credential is used at no other address. */
  address: string;
  /**
   * The secrets of the settings. A minted credential that was made from others is minted anew. They are
   * not stored.
   */
  madeFrom: readonly string[];
  /** The time limit of one call with its renewal: `callTimeoutMs` of the capabilities. */
  callTimeoutMs: number;
  /** The time limit of a renewal; shorter, so that there is time left for the call. */
  renewTimeoutMs: number;
  /**
   * The next secrets, by one request; it never retries. `current`: null before the first minting. Throws
   * what `classify` calls `auth` only if the system never renews this credential again, and `permanent`
   * if it refuses what the settings say.
   */
  renew(current: Secrets | null, options: RenewOptions): Promise<Renewed>;
  /** Never throws; the table of the integration. `auth` of a call: it is worth renewing. */
  classify(error: unknown): Failure;
  /** Of a rotating one: what a person gives, and where they find it, for help texts. */
  first?: { what: string; read(text: string): Secrets | null };
}

/**
 * Sends one request: `send` gets the secrets and the time limit. If it fails as `auth`, the engine
 * renews the credential and calls `send` once more, within the same limit.
 */
export type Authorize = <T>(send: (secrets: Secrets, signal: AbortSignal) => Promise<T>) => Promise<T>;
