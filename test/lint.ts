/**
 * The types, as `tsc` checks them, and the rules of eslint, on one program that both read: a
 * program for each costs a quarter more. The scripts that run in a browser are a program of their
 * own (`console/tsconfig.json`), with its types in place of Node's. The next run checks only the files that have changed and
 * those whose types a change can alter; TypeScript finds these by its notes in
 * `node_modules/.cache/lint`.
 *
 *   node test/lint.ts                    everything
 *   node test/lint.ts lib/sync           the types of everything, the rules of these folders and files
 */
import { globSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { writeCounts } from './support/counts.ts';
import { openLintNotes } from './support/lint-notes.ts';

const ROOT = resolve(import.meta.dirname, '..');
const chosen = process.argv.slice(2);

const notes = openLintNotes(ROOT);
const program = openProgram(notes.typesFile);
notes.forget(affectedFiles().map((path) => relative(ROOT, path)));
// Only now may TypeScript store its notes: a stop between the two lines lints a file once more.
program.emit();
const found = [
  reportTypes([...program.getConfigFileParsingDiagnostics(), ...typesOf(program)]),
  reportTypes(browserTypes()),
  await reportRules(),
];
const failed = found.filter((each) => each > 0).length;
writeCounts({ passed: found.length - failed, failed, skipped: 0 });
process.exitCode = failed > 0 ? 1 : 0;

function readConfig(name: string, options: ts.CompilerOptions): ts.ParsedCommandLine {
  const path = join(ROOT, name);
  const config = ts.getParsedCommandLineOfConfigFile(path, options, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic({ messageText }) {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  });
  if (config === undefined) throw new Error(`${path} cannot be read`);
  return config;
}

function openProgram(tsBuildInfoFile: string): ts.EmitAndSemanticDiagnosticsBuilderProgram {
  const config = readConfig('tsconfig.json', { incremental: true, tsBuildInfoFile });
  return ts.createIncrementalProgram({
    rootNames: config.fileNames,
    options: config.options,
    configFileParsingDiagnostics: config.errors,
  });
}

/** Files of the project, not of its packages; their types are checked as well. */
function affectedFiles(): string[] {
  const paths: string[] = [];
  const add = ({ fileName }: ts.SourceFile) => paths.push(fileName);
  for (;;) {
    const next = program.getSemanticDiagnosticsOfNextAffectedFile();
    if (next === undefined) return paths;
    // The whole program is checked where the change may affect every file.
    if ('fileName' in next.affected) add(next.affected);
    else next.affected.getSourceFiles().forEach(add);
  }
}

function browserTypes(): readonly ts.Diagnostic[] {
  const { fileNames, options, errors } = readConfig('console/tsconfig.json', {});
  return [...errors, ...typesOf(ts.createProgram(fileNames, options))];
}

function typesOf(
  checked: ts.Program | ts.EmitAndSemanticDiagnosticsBuilderProgram,
): readonly ts.Diagnostic[] {
  return [
    ...checked.getOptionsDiagnostics(),
    ...checked.getGlobalDiagnostics(),
    ...checked.getSyntacticDiagnostics(),
    ...checked.getSemanticDiagnostics(),
  ];
}

function reportTypes(diagnostics: readonly ts.Diagnostic[]): number {
  const found = ts.sortAndDeduplicateDiagnostics(diagnostics);
  const host: ts.FormatDiagnosticsHost = {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => ROOT,
    getNewLine: () => '\n',
  };
  process.stdout.write(ts.formatDiagnostics(found, host));
  return found.length;
}

async function reportRules(): Promise<number> {
  const paths = globSync('**/*.{ts,mts,cts,js,mjs,cjs}', {
    cwd: ROOT,
    exclude: (name) => name === 'node_modules' || name.startsWith('.'),
  }).filter(
    (path) => chosen.length === 0 || chosen.some((one) => path === one || path.startsWith(`${one}/`)),
  );
  const parserOptions = { projectService: false, programs: [program.getProgram()] };
  const eslint = new ESLint({
    cwd: ROOT,
    overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parserOptions } }],
    warnIgnored: false,
  });
  const results = await eslint.lintFiles(paths.filter((path) => !notes.isClean(path)));
  const bad = results.filter(({ messages }) => messages.length > 0);
  const good = results.filter(({ messages }) => messages.length === 0);
  notes.remember(good.map(({ filePath }) => relative(ROOT, filePath)).filter((path) => path.endsWith('.ts')));
  const formatter = await eslint.loadFormatter('stylish');
  process.stdout.write(await formatter.format(bad));
  console.log(`${results.length} of ${paths.length} files looked at, ${bad.length} with problems`);
  return bad.length;
}
