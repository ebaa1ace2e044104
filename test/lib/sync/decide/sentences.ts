// What holds of every decision: each sentence answers with what breaks it, or null. decide.test.ts checks them in 5,000 generated
// situations, `make model` in 100,000.
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import type { Action } from '../../../../lib/sync/action.ts';
import { ladder, type RungName } from '../../../../lib/sync/decide.ts';
import { MOST_STALE } from '../../../../lib/sync/version-moves.ts';
import { effectsOf } from '../../../../lib/sync/settle/writes.ts';
import { answersOf, decideIn, isSame, type Decided } from './decide.ts';
import { breaksShadowLaw } from './shadow-law.ts';
import { NOW } from './mappings.ts';
import type { Situation } from '../../../../lib/sync/situation.ts';
import { leavesBy } from '../../../../lib/sync/wanted.ts';
import { anySituation } from './situations.ts';
import { anyWorld, type World } from './worlds.ts';

const PAGE = new URL('../../../../docs/sync.md', import.meta.url);
const policy = { backoff: { baseMs: 1_000, capMs: 300_000, random: () => 1 } };
/** The table of the ladder in docs/sync.md. */
export const table = readTable(await readFile(PAGE, 'utf8'));
const goesBefore = new Map(table.map(({ rung, before }) => [rung, new Set(before)]));

export const rungs = Object.keys(ladder) as RungName[];

/** What each rung says of the situation by itself, in their order. */
type Answers = [RungName, Action][];

export const sentences: Record<string, (decided: Decided, answers: Answers, world: World) => unknown> = {
  'always answers, with what the first rung says that says something': ({ rung, action }, [first]) => {
    return first?.[0] === rung && isSame(first[1], action) ? null : (first ?? 'none');
  },

  'has no two rungs that contradict each other but where the table says which goes before': (_, answers) => {
    for (const [n, [upper, action]] of answers.entries())
      for (const [lower, other] of answers.slice(n + 1))
        if (!isSame(action, other) && goesBefore.get(upper)?.has(lower) !== true)
          return `${upper} contradicts ${lower}`;
    return null;
  },

  'sends nothing while writes are off': ({ action, situation }) => {
    const sends = action.do === 'send' || action.do === 'resend';
    return sends && !situation.policy.writes ? action : null;
  },

  'takes nothing of theirs into our tables while pulls are off': ({ action, situation }) => {
    const takes = action.do === 'write_ours' && ['pull', 'delete', 'import'].includes(action.ours.write);
    return takes && !situation.policy.pulls ? action : null;
  },

  'deletes a record only after a read for what forbids it, in the same claim': ({ action, situation }) => {
    const deletes =
      (action.do === 'send' && action.request.operation === 'delete') ||
      (action.do === 'resend' && action.intent.operation === 'delete');
    const isGuarded = [...situation.known.keys()].some((key) => key.includes('"for":"delete"'));
    return deletes && !isGuarded ? action : null;
  },

  'makes a record only for a living row that has none': ({ action, situation: { row, mapping } }) => {
    const creates = action.do === 'send' && action.request.operation === 'create';
    const may = row !== null && row.deletedAt === null && mapping.externalId === null;
    return creates && !may ? mapping : null;
  },

  'makes no record, sends no values and takes none for a row that the system is not to have': ({
    action,
    situation,
  }) => {
    if (leavesBy(situation) === null) return null;
    const sends = action.do === 'send' && action.request.operation !== 'delete';
    const takes = action.do === 'write_ours' && action.ours.write === 'pull';
    return (sends || takes) && situation.progress.imported === null ? action : null;
  },

  'deletes the record of a row that lives only by a condition, and only a record that we made': ({
    action,
    situation,
  }) => {
    const { row, condition, mapping } = situation;
    if (action.do !== 'send' || action.request.operation !== 'delete' || row?.deletedAt !== null) return null;
    const may = leavesBy(situation) !== null && condition?.onLeave === 'delete' && mapping.madeRecord;
    return may ? null : action;
  },

  'never ends the pair of a row that lives without a new one, but by a deletion at the system': ({
    action,
    situation: { row },
  }) => {
    if (action.do !== 'settle' || action.outcome.kind !== 'ended' || row?.deletedAt !== null) return null;
    return action.outcome.by === 'theirs' || action.outcome.succeeded ? null : action;
  },

  'deletes no row because its record was merged, unless a person has said so': (
    { action, situation },
    _,
    world,
  ) => {
    const deletes = action.do === 'write_ours' && action.ours.write === 'delete';
    const isMerged = world.record.ok && world.record.value.state === 'merged';
    return deletes && isMerged && situation.mapping.decision?.kind !== 'release' ? action : null;
  },

  'sends nothing again that could have a second effect': ({ action, situation }) => {
    if (action.do !== 'resend' || action.intent.operation === 'delete') return null;
    const { creates, updates } = situation.capabilities;
    const safety = action.intent.operation === 'create' ? creates : updates;
    const isSafe = safety === 'key' || safety === 'version';
    return isSafe && action.intent.spent === undefined ? null : { safety, intent: action.intent };
  },

  'sends no delete to a system that deletes nothing': ({ action, situation: { capabilities } }) => {
    const deletes =
      (action.do === 'send' && action.request.operation === 'delete') ||
      (action.do === 'resend' && action.intent.operation === 'delete');
    return deletes && capabilities.deletes === 'none' ? action : null;
  },

  'names the version that was read in each request to a system that wants it': (decided, _, world) => {
    const { action, situation } = decided;
    if (action.do !== 'send' || action.request.operation === 'create') return null;
    const isRead = world.record.ok && world.record.value.state === 'present';
    const isWanted = situation.capabilities.updates === 'version' && situation.mapping.externalId !== null;
    return isRead && isWanted && action.request.version === undefined ? action : null;
  },

  'sends no further request once the record has moved too often': ({ action, situation }) => {
    if (action.do !== 'send' || action.request.operation === 'create') return null;
    return situation.staleSends >= MOST_STALE ? action : null;
  },

  'takes no attempt for a quota that is used up': ({ action, situation }) => {
    if (action.do !== 'settle' || action.outcome.kind !== 'postponed') return null;
    if (action.outcome.failure.kind !== 'quota') return null;
    const { mapping } = effectsOf(mapped(situation), policy, situation, action.outcome, NOW);
    return 'attempts' in mapping || 'firstFailedAt' in mapping ? mapping : null;
  },

  'asks for nothing more where both sides agree': ({ rung, action, situation }, _, world) => {
    if (rung !== 'agreement' || action.do !== 'settle') return null;
    const effects = effectsOf(mapped(situation), policy, situation, action.outcome, NOW);
    const again = decideIn(world, {
      ...situation,
      mapping: { ...situation.mapping, ...effects.mapping },
      deliveries: [],
      known: new Map(),
      progress: { ...situation.progress, pulled: null, linked: null, obstacle: null },
    });
    return again.rung === 'agreement' ? null : again.action;
  },

  'keeps the shadow law in whatever it settles': ({ action, situation }) => {
    if (action.do !== 'settle') return null;
    const effects = effectsOf(mapped(situation), policy, situation, action.outcome, NOW);
    return breaksShadowLaw(situation, action.outcome, effects);
  },
};

export interface Checked {
  /** How often each rung has answered. */
  reached: Map<RungName, number>;
  /** The first sentence that was broken, with the shortest situation that breaks it; null if none was. */
  broken: { sentence: string; error: unknown } | null;
}

/** Checks all sentences in so many situations. */
export function checkSentences(runs: number): Checked {
  const reached = new Map<RungName, number>();
  let sentence = '';
  try {
    fc.assert(
      fc.property(anyWorld, anySituation, (world, situation) => {
        const decided = decideIn(world, situation);
        reached.set(decided.rung, (reached.get(decided.rung) ?? 0) + 1);
        const answers = [...answersOf(world, decided.situation)];
        for (const [title, breaks] of Object.entries(sentences)) {
          const why = breaks(decided, answers, world);
          if (why === null || why === undefined) continue;
          sentence = title;
          throw new Error(`${title}: ${decided.rung}: ${JSON.stringify(why)}`);
        }
      }),
      { numRuns: runs },
    );
    return { reached, broken: null };
  } catch (error) {
    return { reached, broken: { sentence, error } };
  }
}

/** The rungs in the table under "The ladder", and those that each goes before. */
function readTable(page: string): { rung: string; before: string[] }[] {
  const section = page.slice(page.indexOf('### The ladder'), page.indexOf('### The merge'));
  const rows = [...section.matchAll(/^\| `(\w+)`\s*\|.*\|([^|]*)\|$/gm)];
  return rows.map(([, rung = '', before = ''], n) => ({
    rung,
    before:
      before.trim() === 'all below'
        ? rows.slice(n + 1).map(([, below = '']) => below)
        : [...before.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  }));
}

function mapped({ fields, entity }: Situation) {
  return { rules: fields, entity };
}
