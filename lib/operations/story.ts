// The story of one row in pages, with where each event was published, what is missing past its
// promise, and where retention has taken the rest.
//
// Everything is read from stored facts: nothing is asked of a system, and nothing is guessed.
import {
  readFacts,
  readOldestEvent,
  readPublicationsNear,
  type Fact,
  type FactPlace,
  type FactPublication,
  type StoryOf,
} from '../../db/stories/facts.ts';
import { readMissing, type MissingStep, type Promises } from '../../db/stories/missing.ts';
import { readRow } from '../../db/entities/rows.ts';
import { findPublications } from '../../db/relay/published.ts';
import type { Db } from '../../db/server/connection.ts';
import { decodeCursor, encodeCursor, type ListIdentity } from './list-cursor.ts';

/**
 * What is promised of a change: published and received within seconds (`/ready` warns of a published
 * event that none received for 15 s), its outcome within a minute unless something holds it, and its
 * echo within two sweeps if no webhook brings it.
 */
export const promises: Promises = {
  published: '15 seconds',
  received: '30 seconds',
  settled: '60 seconds',
  confirmed: '15 minutes',
};

export const PROMISED: Readonly<Record<MissingStep['step'], string>> = {
  publication: promises.published,
  receipt: promises.received,
  outcome: promises.settled,
  echo: promises.confirmed,
};

export type Told = Fact & {
  /** Where a change was published; empty for other facts. */
  published: FactPublication[];
};

export type Story = {
  facts: Told[];
  missing: MissingStep[];
  /** Of what happened before this, not everything is kept; null if everything is. */
  beyondRetention: Date | null;
  /** The cursor of the next page; null on the last. */
  next: string | null;
};

export type StoryOrder = 'newest' | 'oldest';

export type StoryPage = {
  order: StoryOrder;
  limit: number;
  after: FactPlace | null;
  /** The systems that are kept in step. */
  systems: readonly string[];
  now: Date;
  retentionDays: number;
  /** Changes have the values of their fields. */
  values?: boolean;
};

export const storyIdentity = ({ entity, id }: StoryOf, order: StoryOrder): ListIdentity => ({
  list: 'timeline',
  filter: { entity, id, order },
});

/** Null if there is no such row, and nothing is stored about one. */
export async function readStory(db: Db, of: StoryOf, page: StoryPage): Promise<Story | null> {
  const { order, after, limit, systems, now, retentionDays, values = false } = page;
  const [row, found, missing, oldest] = await Promise.all([
    readRow(db, { name: of.entity }, of.id),
    readFacts(db, of, { order, after, limit: limit + 1, values }),
    readMissing(db, of, { systems, now, ...promises }),
    readOldestEvent(db),
  ]);
  if (row === null && found.length === 0 && after === null) return null;
  const facts = found.slice(0, limit);
  const last = facts.at(-1);
  return {
    facts: await withPublications(db, facts),
    missing,
    beyondRetention: keptFrom(row?.createdAt ?? null, oldest, now.getTime() - retentionDays * DAY_MS),
    next: found.length > limit && last ? cursorOf(of, order, last.place) : null,
  };
}

const DAY_MS = 86_400_000;

/** Only what is older than the retention is ever dropped. A row that is gone may have had any age. */
function keptFrom(createdAt: Date | null, oldest: Date | null, cutoffMs: number): Date | null {
  const from = new Date(Math.min(oldest?.getTime() ?? cutoffMs, cutoffMs));
  return createdAt === null || createdAt < from ? from : null;
}

function cursorOf(of: StoryOf, order: StoryOrder, { micros, rank, key }: FactPlace): string {
  return encodeCursor(storyIdentity(of, order), [micros, rank, key]);
}

/** Null for a text that is no cursor of this story in this order. */
export function placeOf(of: StoryOf, order: StoryOrder, cursor: string): FactPlace | null {
  const [micros, rank, key] = decodeCursor(storyIdentity(of, order), cursor, ['micros', 'rank', 'key']) ?? [];
  return micros === undefined || rank === undefined || key === undefined
    ? null
    : { micros, rank: Number(rank), key };
}

/** So many events of a page may be looked for in every batch. */
const FAR = 3;

async function withPublications(db: Db, facts: readonly Fact[]): Promise<Told[]> {
  const ids = facts.flatMap(({ kind, detail }) => (kind === 'change' ? [Number(detail['number'])] : []));
  const near = await readPublicationsNear(db, ids);
  const unseen = ids.filter((id) => !near.some((each) => each.id === id)).slice(0, FAR);
  const far = await Promise.all(
    unseen.map(async (id) => (await findPublications(db, id)).map((each) => ({ id, ...each }))),
  );
  const all = [...near, ...far.flat()];
  return facts.map((fact) => ({
    ...fact,
    published: fact.kind === 'change' ? all.filter(({ id }) => id === fact.detail['number']) : [],
  }));
}
