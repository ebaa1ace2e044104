// The examples of docs/explain.md: compared with what the command prints, and written again on
// request.
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const PAGE = resolve(import.meta.dirname, '../../docs/explain.md');
const EXAMPLE = /^```console\n\$ npx twinbox (explain [^\n]*)\n([\s\S]*?)^```$/gm;

export interface Example {
  command: string;
  output: string;
}

export async function readExamples(): Promise<Example[]> {
  const page = await readFile(PAGE, 'utf8');
  return [...page.matchAll(EXAMPLE)].map(([, command = '', output = '']) => ({ command, output }));
}

/** Replaces the example with that number. */
export async function writeExample(at: number, { command, output }: Example): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  let seen = -1;
  const written = page.replace(EXAMPLE, (before) => {
    seen += 1;
    return seen === at ? `\`\`\`console\n$ npx twinbox ${command}\n${output}\`\`\`` : before;
  });
  await writeFile(PAGE, written);
}

/**
 * Without what differs between runs: ids, numbers, times, and columns that are as wide as an id.
 */
export function normalise(output: string): string {
  return output
    .replace(/\b(cus|req|acct)_\w+/g, '$1_ID')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replace(/\b(customer|mapping|link|resolve) \d+/g, '$1 N')
    .replace(/ {2,}/g, '  ');
}
