// The engine names no entity and no field: a row is `{ id, version, fields }`, and what a field is
// stands in the catalogue. Comments may give one as an example.
import type { NamingFile } from './system-names.ts';

/** Files in these rooms name none. */
const ROOMS = ['lib/sync/', 'lib/intake/', 'workers/', 'relay/'];

const WORDS = ['customer', 'customers', 'invoice', 'order', 'name', 'email', 'phone', 'address'];

/** Where the word is another thing. */
export const ENTITY_EXCEPTIONS: Readonly<Record<string, string>> = {
  'lib/sync/consent.ts': 'a consent to a row is stored under this word',
  'lib/sync/damage.ts': 'a type of fields',
  'lib/sync/canonical.ts': 'a type of fields',
  'lib/sync/settle/alias-outcomes.ts': 'the last known identity of a second record is stored under this word',
};

export const ENTITY_RULE =
  'the engine names no entity and no field: ask the catalogue (lib/catalogue/entity.ts)';

/** One line for each name in code and strings; none for a file that has an exception. */
export function findEntityNames(files: readonly NamingFile[]): string[] {
  return files
    .filter(({ path }) => ROOMS.some((room) => path.startsWith(room)) && !(path in ENTITY_EXCEPTIONS))
    .flatMap(({ path, text }) => namesIn(text).map((name) => `${path}: ${ENTITY_RULE} (${name})`));
}

/** A word as a whole text, as the entity of an event's type, or as a field of a row. */
function namesIn(text: string): string[] {
  const code = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
  const words = WORDS.join('|');
  const patterns = [
    new RegExp(`(['"\`])(?:${words})\\1`, 'g'),
    new RegExp(`\\b(?:${words})\\.(?:created|updated|deleted|linked)\\b`, 'g'),
    new RegExp(`\\b(?:row|fields|values|ours|theirs)\\.(?:${words})\\b`, 'g'),
  ];
  return patterns.flatMap((pattern) => code.match(pattern) ?? []);
}
