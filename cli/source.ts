// What a reading command asks, of a database or of an API: both give the same values, so that one function
// prints them. with-source.ts decides which it is.
import type { AuditEntry, AuditHead } from '../db/audit.ts';
import type { ConflictFilter, StoredConflict } from '../db/conflicts.ts';
import type { ListedEvent } from '../db/events/list.ts';
import type { ItemResult } from '../db/replays/jobs.ts';
import type { StoryOf } from '../db/stories/facts.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import type { Take } from '../lib/customers/live-changes.ts';
import type { AuditWords } from '../lib/operations/audit-query.ts';
import type { ExplainedGroup, GroupMember } from '../lib/operations/error-groups.ts';
import type { EventWords } from '../lib/operations/event-query.ts';
import type { ShownKey } from '../lib/operations/keys.ts';
import type { ShownLanes } from '../lib/operations/lane-list.ts';
import type { ReplayJob } from '../lib/operations/replay-jobs.ts';
import type { Traffic } from '../lib/operations/traffic.ts';
import type { Story, StoryOrder } from '../lib/operations/story.ts';
import type { Timeline } from '../lib/operations/timeline.ts';
import type { Acts } from './acts.ts';
import { CliError, exit } from './exit.ts';

/** Rows of a list, and the cursor of what follows; null if nothing does. */
export type Listed<T> = { found: T[]; next: string | null };

export type EventsAsked = { words: EventWords; after: string | undefined; limit: number };
export type AuditAsked = { words: AuditWords; after: string | undefined; limit: number };
export type StoryAsked = { order: StoryOrder; limit: number; after: string | undefined };
export type ChangesAsked = { after: string | undefined; limit: number };

/** One page of the feed of changes, as the API gives it (docs/api.md). */
export type ChangesPage = { changes: Record<string, unknown>[]; position: string; more: boolean };

export type Followed = 'aborted' | 'position_expired';

/** As many pairs of a replay that failed as the API shows. */
export const FAILURES = 100;

export interface Source extends Acts {
  /** What a customer is, by the configuration of this command. */
  entity: Entity;
  events(asked: EventsAsked): Promise<Listed<ListedEvent>>;
  event(id: string): Promise<Timeline | null>;
  groups(filter: { system?: string | undefined; closed: boolean }): Promise<ExplainedGroup[]>;
  group(fingerprint: string): Promise<(ExplainedGroup & { members: GroupMember[] }) | null>;
  story(of: StoryOf, asked: StoryAsked): Promise<Story | null>;
  conflicts(filter: ConflictFilter): Promise<Listed<StoredConflict>>;
  conflict(id: string): Promise<StoredConflict | null>;
  /** `fixed`: how many API_KEYS has besides; null of an API, which does not say it. */
  keys(): Promise<{ keys: ShownKey[]; fixed: number | null }>;
  lanes(named: string | undefined): Promise<ShownLanes[]>;
  traffic(named: string | undefined): Promise<Traffic>;
  audit(asked: AuditAsked): Promise<Listed<AuditEntry>>;
  /** Without how many entries there have been, of an API, which does not say it. */
  auditHead(): Promise<Pick<AuditHead, 'id' | 'hash'>>;
  /** The newest first; `before`: only older ones than this id. */
  replays(asked: { before: number | null; limit: number }): Promise<ReplayJob[]>;
  /** Whether a worker showed a sign of life; null of an API that does not say it. */
  hasWorker(): Promise<boolean | null>;
  replay(id: number): Promise<{ job: ReplayJob; failures: ItemResult[] } | null>;
  /** The changes of customers, with their fields. */
  customerChanges(asked: ChangesAsked): Promise<ChangesPage>;
  /** Calls `take` with what changes, until the signal. */
  follow(after: string | undefined, take: Take, signal: AbortSignal): Promise<Followed>;
}

/** The same for both sources. */
export function expiredPosition(): CliError {
  return new CliError(
    exit.nothingMatched,
    'What followed this position is no longer kept, or belongs to another database. Begin anew with --after now, and read all customers.',
  );
}

export function wrongPosition(): CliError {
  return new CliError(exit.usage, '--after must be a whole position, as an answer gave it.');
}

export type OperatorsPart = Pick<
  Source,
  'lanes' | 'traffic' | 'audit' | 'auditHead' | 'hasWorker' | 'replays' | 'replay'
>;
