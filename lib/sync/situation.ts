// All that a decision is made from, as plain data: nothing in it can do anything.
import type { Condition } from '../catalogue/condition.ts';
import type { Entity } from '../catalogue/entity.ts';
import type { MissingReference } from './references.ts';
import type { TableRefusal } from '../../db/row-rules.ts';
import type { LoadedStep } from '../../db/mappings/load.ts';
import type { OpenIntent } from '../../db/mappings/mappings.ts';
import type { FieldRule, Fields, Value } from '../catalogue/document.ts';
import type { Capabilities, ExternalRecord, Integration, Written } from '../integrations/integration.ts';
import type { Answer, Known } from './facts.ts';
import type { Comparison, Merged } from './merged.ts';
import type { SyncPolicy } from './settings.ts';

/** What of the policy a decision goes by. */
export type Rules = Pick<
  SyncPolicy,
  | 'writes'
  | 'pulls'
  | 'deletes'
  | 'deletesIn'
  | 'linkByEmail'
  | 'looksBeforeCreate'
  | 'imports'
  | 'parkAfterMs'
>;

/** What stood in the way of this claim's last write into our tables. */
export type Obstacle =
  /** Another row has this identity. */
  | { taken: Value }
  /** A record that theirs names has no row here yet. */
  | { missing: MissingReference }
  /** The fuse holds the delete. */
  | 'fuse'
  /** The other mapping is at work, or has an open request. */
  | 'busy'
  /** The record is another row's by now. */
  | 'taken'
  /** A rule or a trigger of the user's table does not take the row. */
  | { table: TableRefusal };

/** What this claim has done since the mapping was loaded. */
export interface Progress {
  /** What the comparison took from their side, our row has now; the rest of it is still to be done. */
  pulled: Comparison | null;
  /** Our row was made a tombstone, since their record was deleted. */
  deleted: boolean;
  /**
   * Their record became this new row; `forms` are fields of which the table's triggers made another
   * value.
   */
  imported: { values: Fields; forms: Fields } | null;
  /** The pair was linked with this record, as it was read for that. */
  linked: ExternalRecord | null;
  /** A request was answered; `first`: no send of it before this one can have arrived. */
  sent: { intent: OpenIntent; answer: Answer<Written>; first: boolean; merged: Merged | null } | null;
  obstacle: Obstacle | null;
}

export const nothingDone: Progress = {
  pulled: null,
  deleted: false,
  imported: null,
  linked: null,
  sent: null,
  obstacle: null,
};

export interface Situation extends LoadedStep {
  policy: Rules;
  entity: Entity;
  fields: FieldRule[];
  /** Which rows the system has; null: every row. */
  condition: Condition | null;
  capabilities: Capabilities;
  /** External fields that are written together. */
  groups: readonly (readonly string[])[];
  /** Which request of a change is the next one; undefined: one request carries every field. Pure. */
  next?: Integration['next'];
  /** Whether the system can be asked for records by their identity. */
  findsByIdentity: boolean;
  now: Date;
  /** Requests of this claim that the system has refused as stale. */
  staleSends: number;
  known: Known;
  progress: Progress;
  /** A row that ours names, and that has no record at the system yet. */
  missing?: MissingReference | null;
  /** Our row names itself, and has no record yet. */
  namesItself?: boolean;
}

/** The refusal of the user's table that our last write met; null where it met none. */
export function tableRefusal({ progress: { obstacle } }: Pick<Situation, 'progress'>): TableRefusal | null {
  return typeof obstacle === 'object' && obstacle && 'table' in obstacle ? obstacle.table : null;
}

/** What a field names and the other side does not have yet; null where nothing is missing. */
export function missingReference({
  missing = null,
  progress: { obstacle },
}: Pick<Situation, 'missing' | 'progress'>): MissingReference | null {
  return typeof obstacle === 'object' && obstacle && 'missing' in obstacle ? obstacle.missing : missing;
}

/** The identity that our last write could not take, since another row has it; null where there is none. */
export function takenIdentity({ progress: { obstacle } }: Pick<Situation, 'progress'>): Value {
  return typeof obstacle === 'object' && obstacle && 'taken' in obstacle ? obstacle.taken : null;
}
