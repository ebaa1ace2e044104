// What `contract.ts` asks of whoever wants to run it: the other system, or a faithful double, and the means to do there what a
// person or a bad day would do.
import type { Integration } from '../../../lib/integrations/integration.ts';
import type { Fields } from '../../../lib/catalogue/document.ts';

/** `failed_stored` is asked only of systems with keys, `quota_used_up` only of those with a quota: it lasts until its time. */
export type Fault = 'answer_lost' | 'throttled' | 'failed_unstored' | 'failed_stored' | 'quota_used_up';

export interface ContractHarness {
  integration: Integration;
  /** Edits by the system's own hands; fields by external name. */
  createThere(fields: Fields): Promise<string>;
  updateThere(externalId: string, fields: Fields): Promise<void>;
  deleteThere(externalId: string): Promise<void>;
  /** How many writes through the API took effect so far. */
  effects(): number;
  /** The system's clock goes on by so many milliseconds. */
  advance(ms: number): void;
  /** What happens to the next write. */
  failNext(fault: Fault): void;
  /** The same integration with a credential that is refused. */
  refused: Integration;
  /** The same integration with an address where nobody listens. */
  unreachable: Integration;
  /** An id that looks right and names nothing. */
  unknownId: string;
  /** Values that the system refuses for good, with the field that it should name. */
  refusedBody: { fields: Fields; field: string };
  close(): Promise<void>;
}
