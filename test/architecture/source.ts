import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { dirname, join as joinPosix } from 'node:path/posix';
import ts from 'typescript';

/** What the rules need to know of one file. */
export type SourceFacts = {
  /** From the project's root, with slashes. */
  path: string;
  /** Everything that it imports, requires or resolves, as written. */
  imports: string[];
  readsEnvironment: boolean;
  sleeps: boolean;
  /** A `catch` without a statement. */
  hidesFaults: boolean;
  lines: number;
  /** Its string literals and templates, what is put into a template left out. */
  texts: string[];
  text: string;
};

const ROOT = join(import.meta.dirname, '../..');
const ROOMS = ['api', 'relay', 'workers', 'lib', 'db', 'cli', 'console', 'simulator', 'test', 'bench'];

export function readSources(): SourceFacts[] {
  const paths = ROOMS.flatMap((room) => filesIn(join(ROOT, room)));
  return paths.map((path) => factsOf(relative(ROOT, path), readFileSync(path, 'utf8')));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs|js)$/.test(name))
      .map((name) => join(folder, name));
  } catch (error) {
    // A room that does not exist yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

export function factsOf(path: string, text: string): SourceFacts {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const facts: SourceFacts = {
    path,
    imports: [],
    readsEnvironment: false,
    sleeps: false,
    hidesFaults: false,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    texts: [],
    text,
  };
  const visit = (node: ts.Node): void => {
    const name = importedName(node);
    if (name !== undefined) facts.imports.push(name);
    const literal = literalText(node);
    if (literal !== undefined) facts.texts.push(literal);
    facts.readsEnvironment ||= isEnvironment(node) || name === 'node:process';
    facts.hidesFaults ||= ts.isCatchClause(node) && node.block.statements.length === 0;
    facts.sleeps ||= name === 'node:timers/promises' || isSleep(node, source);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return facts;
}

function literalText(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join(' … ');
}

function importedName(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)
      ? node.moduleSpecifier.text
      : undefined;
  }
  // The type `import('./x.ts').X`.
  if (ts.isImportTypeNode(node)) {
    const { argument } = node;
    return ts.isLiteralTypeNode(argument) && ts.isStringLiteral(argument.literal)
      ? argument.literal.text
      : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const [argument] = node.arguments;
  if (argument === undefined || !ts.isStringLiteral(argument)) return undefined;
  const callee = node.expression;
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return argument.text;
  if (ts.isIdentifier(callee) && callee.text === 'require') return argument.text;
  // createRequire(…).resolve('x') and import.meta.resolve('x'); a promise's resolve('x') names no
  // package of ours.
  return ts.isPropertyAccessExpression(callee) && callee.name.text === 'resolve' ? argument.text : undefined;
}

/**
 * A promise of nothing but a timer, however it is written; a time limit beside an awaited result is
 * no sleep.
 */
function isSleep(node: ts.Node, source: ts.SourceFile): boolean {
  if (!ts.isNewExpression(node) || node.expression.getText(source) !== 'Promise') return false;
  const [executor] = node.arguments ?? [];
  if (executor === undefined || !ts.isArrowFunction(executor)) return false;
  return /^\{?\s*(void )?setTimeout\([^;]*;?\s*\}?$/.test(executor.body.getText(source));
}

function isEnvironment(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    node.name.text === 'env' &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'process'
  );
}

/** The files that it imports, by their paths from the project's root, without packages. */
export function targetsOf({ path, imports }: SourceFacts): string[] {
  return imports.filter((name) => name.startsWith('.')).map((name) => joinPosix(dirname(path), name));
}
