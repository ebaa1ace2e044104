// Whether a new integration may have a name, with the reason if not.
import { capitalised, takenPlaces } from './integration-copy.ts';

/** Prefixes of settings, and members of the config, that a system's own would collide with. */
const OF_TWINBOX = ['api', 'database', 'env', 'health', 'kafka', 'log', 'simulator', 'twinbox'];

const OF_JAVASCRIPT =
  'arguments async await break case catch class const continue debugger default delete do else enum eval export extends ' +
  'false finally for function if implements import in instanceof interface let new null of package private protected ' +
  'public return static super switch this throw true try typeof undefined var void while with yield';

/** The problem with a name; null if it may be used. */
export function problemWithName(
  name: string,
  { root, toy, systems }: { root: string; toy: ReadonlyMap<string, string>; systems: readonly string[] },
): string | null {
  if (!/^[a-z][a-z0-9]{1,19}$/.test(name))
    return `NAME=${name}: a name has 2 to 20 small letters and digits and begins with a letter, such as NAME=acme`;
  if (systems.includes(name)) return `NAME=${name}: there is a system with this name already`;
  if (OF_TWINBOX.includes(name))
    return `NAME=${name}: Twinbox's own settings begin with ${name.toUpperCase()}_`;
  if (OF_JAVASCRIPT.split(' ').includes(name)) return `NAME=${name}: this is a reserved word of JavaScript`;
  const taken = takenPlaces(root, name);
  if (taken.length > 0)
    return `NAME=${name}: nothing is overwritten, and this is there already: ${taken.join(', ')}`;
  const used = wordsOf(toy);
  const clash = [name, `${name}s`, capitalised(name)].find((word) => used.has(word));
  return clash === undefined
    ? null
    : `NAME=${name}: the code that would be written uses the word "${clash}" for something else`;
}

export function problemWithEntity(entity: string, entities: readonly string[]): string | null {
  if (entities.includes(entity)) return null;
  return `ENTITY=${entity}: there is no such entity; there ${entities.length === 1 ? 'is' : 'are'}: ${entities.join(', ')}`;
}

/** The names in Toy's code, without those that become the new system's. */
function wordsOf(toy: ReadonlyMap<string, string>): Set<string> {
  const code = [...toy].filter(([path]) => path.endsWith('.ts')).map(([, text]) => text);
  return new Set(code.flatMap((text) => text.match(/\b[A-Za-z]\w*\b/g) ?? []));
}
