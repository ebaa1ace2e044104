// What `contract.ts` needs from a caller: the other system, or a faithful double, and the means to
// change it as a person or a failure would.
import type { Integration } from '../../../lib/integrations/integration.ts';
import type { Fields } from '../../../lib/catalogue/document.ts';

/** `failed_stored` is asked only of systems with keys, `quota_used_up` only of those with a quota: it lasts until its time. */
export type Fault = 'answer_lost' | 'throttled' | 'failed_unstored' | 'failed_stored' | 'quota_used_up';

export interface ContractHarness {
  integration: Integration;
  /** Edits made in the system itself; fields by external name. */
  createThere(fields: Fields): Promise<string>;
  updateThere(externalId: string, fields: Fields): Promise<void>;
  deleteThere(externalId: string): Promise<void>;
  /** How many writes through the API have had an effect so far. */
  effects(): number;
  /** Moves the system's clock forward by this number of milliseconds. */
  advance(ms: number): void;
  /** What happens to the next write. */
  failNext(fault: Fault): void;
  /** The same integration with a credential that is refused. */
  refused: Integration;
  /** The same integration with an address where no server listens. */
  unreachable: Integration;
  /** An id of the right form that does not exist. */
  unknownId: string;
  /** Values that the system refuses for good, with the field that its error should name. */
  refusedBody: { fields: Fields; field: string };
  close(): Promise<void>;
}
