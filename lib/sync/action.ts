// What can be done about a pair: a closed union. `decide` answers with one action, `perform` carries it out.
import type { Candidate } from '../../db/mappings/adopt.ts';
import type { KeptRecord } from '../../db/external-records.ts';
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import type { Fields } from '../catalogue/document.ts';
import type { ExternalRecord } from '../integrations/integration.ts';
import type { Fact } from './facts.ts';
import type { Beside } from './groups.ts';
import type { Comparison, Merged } from './merged.ts';
import type { Conflict } from './merge.ts';
import type { Outcome } from './settle/outcome.ts';
import type { Shadow } from './shadow.ts';

/**
 * What an action leaves for other mappings, or says in the log. It is done before the action; doing
 * it twice changes nothing.
 */
export type Note =
  /** These records are read by mappings of their own. */
  | { note: 'read_records'; externalIds: string[] }
  /** This record is of another kind: the row that it stands for is made first. */
  | { note: 'read_record_of'; entity: string; externalId: string }
  /** These records get mappings of their own, unless they have one. */
  | { note: 'match_records'; externalIds: string[] }
  | { note: 'keep_records'; records: KeptRecord[] }
  | {
      note: 'log';
      level: 'info' | 'warn' | 'debug';
      event: string;
      fields: Record<string, unknown>;
    };

/** A write into our own tables, in one transaction under the fence. */
export type OurWrite =
  /** The row takes what the merge took from their side. */
  | { write: 'pull'; compared: Comparison }
  /** The row becomes a tombstone, since the record was deleted at the system. */
  | { write: 'delete'; conflicts: Conflict[] }
  /** The record becomes a new row. */
  | { write: 'import'; values: Fields; shadow: Shadow; covered: Conflict[] }
  /** The record belongs to this row: the row's mapping takes over the record and its events. */
  | { write: 'match'; row: Candidate; mappingId: number }
  /** The record takes the place of the row's present one, which becomes an alias. */
  | { write: 'exchange'; customerId: number }
  /** The pair ends, and a new one begins for the row, with this record or with none. */
  | { write: 'replace'; externalId: string | null; covered: Conflict[] };

/**
 * A request to the system: a new one is stored as an intent before it is sent; an open one is sent
 * again as it is.
 */
export type Request =
  | {
      operation: 'create' | 'update';
      ours: Fields;
      /** Their values, as the merge saw them. */
      seen: Fields;
      ownerTag: string | null;
      conflicts: Conflict[];
      /** null: it answers for nothing but itself. */
      merged: Merged | null;
      /** The version that was read, where the system wants it named. */
      version?: string | undefined;
      /** What is written beside our values, as the system takes both only together. */
      beside?: Beside | undefined;
      /** The operation of the system's own that the request is. */
      as?: string | undefined;
      /** Another request of the same change follows its answer. */
      more?: boolean;
    }
  | { operation: 'delete'; seen: Fields; conflicts: Conflict[]; version?: string | undefined };

export type Action =
  /** Ask our database, read one record, or search at the system. Nothing is changed by it. */
  | { do: 'ask' | 'read' | 'look'; fact: Fact }
  | { do: 'write_ours'; ours: OurWrite }
  | { do: 'send'; request: Request }
  | { do: 'resend'; intent: OpenIntent }
  | {
      do: 'settle';
      outcome: Outcome;
      notes?: Note[];
      /** A write that is not sent because writes are off: its body is kept with the reason. */
      unsent?: {
        ours: Fields;
        ownerTag: string | null;
        beside?: Beside | undefined;
        as?: string | undefined;
      };
      /** The step goes on as it was loaded, with this record as it was read. */
      linked?: ExternalRecord;
    }
  /** The mapping is released unchanged, for the next claim. */
  | { do: 'give_back' }
  /** Something has moved meanwhile: the mapping is loaded again. */
  | { do: 'load_again' };
