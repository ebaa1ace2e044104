// The version of this program, as its package says.
import { readFileSync } from 'node:fs';

let known: string | null = null;

export function programVersion(): string {
  if (known !== null) return known;
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  known = (JSON.parse(text) as { version: string }).version;
  return known;
}
