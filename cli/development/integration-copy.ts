// The files of a new integration: a copy of Toy, an invented vendor that the tests keep in step beside
// Stripe. Only the name and the places change, so what is written is as well tested as Toy is
// (docs/decisions/0069-a-new-integration-is-a-copy.md).
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Where Toy's files are, and where those of the new system go; paths from the root. */
const PLACES: readonly (readonly [from: string, to: (name: string) => string])[] = [
  ['test/support/toy/system/', (name) => `lib/integrations/${name}/`],
  ['test/support/toy/settings.ts', (name) => `lib/config/${name}.ts`],
  ['test/support/toy/double/', (name) => `test/support/${name}/`],
  ['test/support/toy/page.md', (name) => `docs/integrations/${name}.md`],
  ['test/lib/integrations/toy/contract.test.ts', (name) => `test/lib/integrations/${name}/contract.test.ts`],
  [
    'test/lib/integrations/toy/definition.test.ts',
    (name) => `test/lib/integrations/${name}/definition.test.ts`,
  ],
  ['test/lib/integrations/toy/mappings.test.ts', (name) => `test/lib/integrations/${name}/mappings.test.ts`],
  ['test/flows/two-systems.test.ts', (name) => `test/lib/integrations/${name}/beside-stripe.test.ts`],
];

export interface NewFile {
  path: string;
  text: string;
  /** The file of Toy that it is a copy of. */
  from: string;
}

/** Folders and files that must not be there yet. */
export function placesOf(name: string): string[] {
  return PLACES.map(([, to]) => to(name));
}

/** The texts of Toy's files, by their paths. */
export function readToy(root: string): Map<string, string> {
  const paths = PLACES.flatMap(([from]) => {
    if (!from.endsWith('/')) return [from];
    return globSync(`${from}**/*.*`, { cwd: root }).sort();
  });
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** The files of the new system; their form is not settled yet, since a longer name breaks lines. */
export function copyToy(toy: ReadonlyMap<string, string>, name: string): NewFile[] {
  const moved = new Map([...toy.keys()].map((path) => [path, placeOf(path, name)]));
  return [...toy].map(([from, text]) => ({
    from,
    path: placeOf(from, name),
    text: rename(moveLinks(text, from, moved), name),
  }));
}

function placeOf(path: string, name: string): string {
  const place = PLACES.find(([from]) => path === from || (from.endsWith('/') && path.startsWith(from)));
  if (!place) throw new Error(`${path} is no file of Toy`);
  const [from, to] = place;
  return to(name) + rename(path.slice(from.length), name);
}

/** Imports, and links of a page: those between Toy's files, and those that lead to the rest of the tree. */
const LINKS = /(?<=from '|import\('|resolve\('|\]\()\.\.?\/[^')#]*/g;

function moveLinks(text: string, from: string, moved: ReadonlyMap<string, string>): string {
  const folder = dirname(moved.get(from) ?? from);
  return text.replaceAll(LINKS, (link) => {
    const target = join(dirname(from), link);
    const way = relative(folder, moved.get(target) ?? target);
    return way.startsWith('.') ? way : `./${way}`;
  });
}

export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function rename(text: string, name: string): string {
  return text
    .replaceAll(/toy(?![a-z])/g, name)
    .replaceAll(/Toy(?![a-z])/g, capitalised(name))
    .replaceAll(/TOY(?![A-Z])/g, name.toUpperCase());
}

/** The lines of lists that already exist: the new system's definition, and its settings. */
export function listEdits(root: string, name: string): NewFile[] {
  return [
    edit(root, 'lib/integrations/definitions.ts', (text) => `${text}${definitionLine(name)}\n`),
    edit(root, 'lib/config/systems.ts', (text) =>
      insert(
        insert(
          text,
          /^import \{ \w+Settings \} from '.*';\n/gm,
          `import { ${name}Settings } from './${name}.ts';\n`,
        ),
        /^ {2}\w+: \w+Settings,\n/gm,
        `  ${name}: ${name}Settings,\n`,
      ),
    ),
  ];
}

export function definitionLine(name: string): string {
  return `export { ${name} } from './${name}/definition.ts';`;
}

function edit(root: string, path: string, change: (text: string) => string): NewFile {
  return { path, from: path, text: change(readFileSync(join(root, path), 'utf8')) };
}

/** Behind the last place that fits. */
function insert(text: string, place: RegExp, line: string): string {
  const last = [...text.matchAll(place)].at(-1);
  if (!last)
    throw new Error(`there is no line like ${String(place)} to write ${JSON.stringify(line)} behind`);
  const at = last.index + last[0].length;
  return text.slice(0, at) + line + text.slice(at);
}

/** What is there already of the places of a new system. */
export function takenPlaces(root: string, name: string): string[] {
  return placesOf(name).filter((path) => existsSync(join(root, path)));
}
