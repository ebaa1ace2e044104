// What `contract.ts` needs from a caller: the other system, or a faithful double, and the means to
// change it as a person or a failure would.
import type { Integration } from '../../../lib/integrations/integration.ts';
import type { Auth, Authorize } from '../../../lib/integrations/auth.ts';
import type { Fields } from '../../../lib/catalogue/document.ts';

/** `failed_stored` is asked only of systems with keys, `quota_used_up` only of those with a quota: it lasts until its time. */
export type Fault = 'answer_lost' | 'throttled' | 'failed_unstored' | 'failed_stored' | 'quota_used_up';

/** A delivery of the system's webhooks, as it arrives at the API. */
export interface Delivery {
  method: string;
  path: string;
  body: string;
  headers: Record<string, string>;
}

/** The webhooks of a double. */
export interface Webhooks {
  /** Those that sign them. */
  secrets: string[];
  /** Every event so far as the system sends it, oldest first. */
  events(): unknown[];
  /** The bodies in which it sends these events: one for each of them, or one for all. */
  bodies(events: readonly unknown[]): unknown[];
  /** This body, or whatever else is given, signed at this time with the first secret. */
  sign(body: unknown, at: Date): Delivery;
}

/** A credential that is minted or rotates, at a double. */
export interface CredentialHarness {
  auth: Auth;
  /** What a person gets there and gives to `twinbox credentials set`; not asked of a minted one. */
  connect(): string;
  /** The integration whose requests `authorize` sends, also at another address. */
  integrate(authorize: Authorize, url?: string): Integration;
  /** How many renewals the double has carried out. */
  renewals(): number;
  /** From now on no credential that was given is taken; `forGood`: and none of them is renewed. */
  revoke(options?: { forGood: boolean }): void;
  /** The next renewal is carried out, and its answer is lost. */
  loseNextRenewal(): void;
  /** From now on what a renewal has replaced is refused at once. */
  forgetReplaced(): void;
  /** Every secret that the double has given. */
  given(): readonly string[];
}

export interface ContractHarness {
  integration: Integration;
  /** Edits made in the system itself; fields by external name. */
  createThere(fields: Fields): Promise<string>;
  updateThere(externalId: string, fields: Fields): Promise<void>;
  deleteThere(externalId: string): Promise<void>;
  /** Makes two records one there, as people do: the first is gone, and leads to the second. */
  mergeThere?(externalId: string, into: string): Promise<void>;
  /** From now on the system takes no second record with the identity of another one. */
  takeEachIdentityOnce?(): void;
  /** From now on the account has this quota; each call uses up one of it. */
  limitTo?(quota: { limit: number; used: number; resetsAt: Date }): void;
  /** How many writes through the API have had an effect so far. */
  effects(): number;
  /** How many calls of the API have arrived so far, of whatever kind. */
  calls(): number;
  /** Moves the system's clock forward by this number of milliseconds. */
  advance(ms: number): void;
  /** The system's clock. */
  now(): Date;
  /** What happens to the next write. */
  failNext(fault: Fault): void;
  /** The same integration with a credential that is refused. */
  refused: Integration;
  /** The same integration with an address where no server listens. */
  unreachable: Integration;
  /**
   * Where the double listens, and the same integration at another address: a proxy of the tests then
   * stands between the two. Without it no test of broken answers can be made.
   */
  url?: string;
  at?: (url: string) => Integration;
  /** An id of the right form that does not exist. */
  unknownId: string;
  /** Values that the system refuses for good, with the field that its error should name. */
  refusedBody: { fields: Fields; field: string };
  /** Of a system with webhooks. */
  webhooks?: Webhooks;
  /** Of a system whose credential is not static. */
  credential?: CredentialHarness;
  close(): Promise<void>;
}

/** What a record is to hold, by external name: every mapped field. */
export interface Stages {
  /** Each is reached from the one before it, the first from nothing. */
  wanted: readonly Fields[];
  /** One field with a value that a record of the last stage does not take. */
  forbidden: { field: string; value: NonNullable<Fields[string]> };
}
