// The Dockerfile and .dockerignore, read as far as these two use the syntax.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './compose.ts';

export type Instruction = { name: string; text: string };
export type Stage = { from: string; instructions: Instruction[] };

export function readStages(): Stage[] {
  const stages: Stage[] = [];
  for (const { name, text } of readInstructions()) {
    if (name === 'FROM') stages.push({ from: text, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text });
  }
  return stages;
}

function readInstructions(): Instruction[] {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replace(/\\\n\s*/g, '');
  return lines
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => ({ name: line.split(' ', 1)[0] ?? '', text: line.slice(line.indexOf(' ') + 1).trim() }));
}

export function instructionsOf(stage: Stage | undefined, name: string): string[] {
  return (stage?.instructions ?? []).filter((one) => one.name === name).map(({ text }) => text);
}

/** What a stage copies from this folder: each source with its target. */
export function copiesOf(stage: Stage | undefined): { from: string; to: string }[] {
  return instructionsOf(stage, 'COPY')
    .filter((text) => !text.startsWith('--from='))
    .flatMap((text) => {
      const paths = text.split(/\s+/);
      const to = paths.pop() ?? '';
      return paths.map((from) => ({ from, to: to.endsWith('/') ? join(to, from) : to }));
    });
}

/** The variables that the last stage sets. */
export function environmentOf(stage: Stage | undefined): Record<string, string> {
  const pairs = instructionsOf(stage, 'ENV').flatMap((text) => [
    ...text.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g),
  ]);
  return Object.fromEntries(pairs.map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
}

/** Whether .dockerignore keeps a path out of the image: the last rule that matches decides. */
export function isIgnored(path: string): boolean {
  const rules = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return rules.reduce((ignored, rule) => {
    const pattern = rule.replace(/^!/, '').replace(/\/$/, '');
    return patternOf(pattern).test(path) ? !rule.startsWith('!') : ignored;
  }, false);
}

/**
 * A rule applies to the path that it names and to all below it; unlike in a shell, a star also
 * matches a name that begins with a dot.
 */
function patternOf(rule: string): RegExp {
  const parts = rule.split('/').map((part) => part.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*'));
  const text = parts.join('/').replaceAll('[^/]*[^/]*/', '(.*/)?');
  return new RegExp(`^${text}(/|$)`);
}

/** Every file below a path of this folder that is copied into the image. */
export function filesToCopy(from: string): string[] {
  return globSync([from, `${from}/**/*`], { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((path) => !isIgnored(path));
}
