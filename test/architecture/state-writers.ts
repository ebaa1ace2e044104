import type { SourceFacts } from './source.ts';

/** The columns that say what becomes of a pair; one room writes them. */
const COLUMNS = ['state', 'reason', 'reason_detail', 'consent', 'ending', 'decision'];
const ROOM = 'db/mappings/writes/';
const RULE = `only ${ROOM} writes ${COLUMNS.join(', ')} of external_mappings`;

/** Tests and measurements bring a table into any state that they need. */
const FREE = ['test/', 'bench/'];

const anyColumn = COLUMNS.join('|');
/** What an update sets, up to where its rows are named. */
const UPDATES = /update\s+external_mappings\b[^;]*?\bset\b([^;]*?)(?=\bwhere\b|\bfrom\b|\breturning\b|;|$)/gi;
const SETS = new RegExp(`(?:^|[\\s,(])(?:${anyColumn})\\s*=(?!=)`, 'i');
const INSERTS = /insert\s+into\s+external_mappings\b[^(]*\(([^)]*)\)([^;]*)/gi;
const NAMES = new RegExp(`\\b(?:${anyColumn})\\b`, 'i');

/** A query builder names the table in a call of its own. */
const BUILT = /\(\s*['"`]external_mappings\b[^)]*\)[^;]*?\.(?:update|insert|merge)\(/;

export function breaksStateWriters({ path, texts, text }: SourceFacts): string[] {
  if (path.startsWith(ROOM) || FREE.some((room) => path.startsWith(room))) return [];
  return texts.some(writesState) || BUILT.test(text) ? [RULE] : [];
}

function writesState(sql: string): boolean {
  const sets = [...sql.matchAll(UPDATES)].some(([, set = '']) => SETS.test(withoutCases(set)));
  const inserts = [...sql.matchAll(INSERTS)].some(
    ([, columns = '', rest = '']) => NAMES.test(columns) || SETS.test(afterConflict(rest)),
  );
  return sets || inserts;
}

/** A value that is compared in a case is read, not written. */
function withoutCases(set: string): string {
  return set.replace(/\bcase\b[^]*?\bend\b/gi, '');
}

/** What an insert sets where its row is there already. */
function afterConflict(rest: string): string {
  return /\bdo\s+update\s+set\b([^]*)/i.exec(rest)?.[1] ?? '';
}
