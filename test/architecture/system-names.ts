// The engine names no external system: what differs between two of them stands in a system's own
// folder, its settings, and the list in lib/integrations/registry.ts. Comments may give one as an
// example.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { systemNames } from '../../lib/config/systems.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Files in these rooms name none. */
const ROOMS = [
  ...['api', 'db', 'relay', 'workers'],
  ...[
    'bus',
    'credentials',
    'customers',
    'events',
    'health',
    'intake',
    'limits',
    'operations',
    'process',
    'sync',
  ].map((room) => `lib/${room}`),
];

/** With those that may come, so that nothing is written for them in the wrong place. */
const NAMES = [...new Set([...systemNames, 'salesforce', 'quickbooks', 'hubspot'])];

/** Where a name is the truth. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  'api/customer-schemas.ts': 'an example for readers of the API’s document',
  'lib/process/database-identity.ts':
    'the sign of a restore does not say which system named the request, and Stripe’s events do so',
};

export const NAME_RULE =
  'the engine names no external system: ask its definition (lib/integrations/registry.ts)';

export type NamingFile = { path: string; text: string };

export function readNamingFiles(): NamingFile[] {
  return ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|sql)$/.test(name))
      .map((name) => join(ROOT, room, name))
      .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') })),
  );
}

/** One line for each name in code, strings and imports; none for a file that has an exception. */
export function findSystemNames(files: readonly NamingFile[]): string[] {
  return files
    .filter(({ path }) => !(path in EXCEPTIONS))
    .flatMap(({ path, text }) =>
      namesIn(codeOf(path, text)).map((name) => `${path}: ${NAME_RULE} (${name})`),
    );
}

/** `stripe`, `Stripe` and `STRIPE`, also as a part of a longer name, but not the `stripEnds` of a text. */
function namesIn(code: string): string[] {
  return NAMES.flatMap((name) => {
    const capital = name.charAt(0).toUpperCase() + name.slice(1);
    const pattern = new RegExp(`(?:${name}|${capital})(?![a-z])|${name.toUpperCase()}(?![A-Z])`, 'g');
    return code.match(pattern) ?? [];
  });
}

function codeOf(path: string, text: string): string {
  return path.endsWith('.sql') ? text.replace(/--.*$/gm, '') : withoutComments(text);
}

/** A comment is whatever lies between two tokens; a template's text is one token of several. */
function withoutComments(text: string): string {
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
  const tokens: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.getChildCount(source) === 0) tokens.push(node.getText(source));
    // JSDoc hangs beneath the node that it describes.
    else for (const child of node.getChildren(source)) if (!ts.isJSDoc(child)) visit(child);
  };
  visit(source);
  return tokens.join(' ');
}
