// Runs docs/operations.md from its first command to its last, and compares what it prints with the page.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { usePlace } from '../cli/twinbox.ts';
import { collect } from '../support/child.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(ROOT, 'docs/operations.md'), 'utf8');
const steps = [...page.matchAll(/```sh\n([\s\S]*?)```\n+```text\n([\s\S]*?)```/g)].map(
  ([, commands = '', shown = '']) => ({ commands, shown }),
);
const END = '--- end of a step ---';

/** What differs from one run to the next: times, ids, places, the order of what happens at once. */
function masked(text: string): string {
  const lines = text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'MOMENT')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\bhead \d+:[0-9a-f]{64}/g, 'head HASH')
    .replaceAll(/\breq_\w+/g, 'REQUEST')
    .replaceAll(/\btb1:[\w.]+:/g, 'KEY:')
    .replaceAll(/\b\d+ (ms|s behind)\b/g, 'N $1')
    .replaceAll(/offset \d+/g, 'offset N')
    .replaceAll(/\bcli:\S+ on \S+/g, 'ACTOR')
    .replaceAll(/(process +)\d+, API http:\S+/g, '$1PLACE')
    .replaceAll(/(database +)[^,]+,/g, '$1PLACE,')
    .replaceAll(/example +customer \d+/g, 'example  customer N')
    .replaceAll(/ {2,}/g, '  ')
    .trim()
    .split('\n')
    // Whether a sweep has ended already is a matter of seconds.
    .filter((line) => !line.startsWith('swept '));
  return (lines[0]?.startsWith('TIME ') ? lines.toSorted() : lines).join('\n');
}

describe('docs/operations.md', function () {
  this.timeout(120_000);
  const database = useDatabase();
  const place = usePlace(() => ({ DATABASE_URL: database.url }));

  it('shows what its commands print, from the failure to the record of operations', async () => {
    expect(steps.length).to.equal(page.match(/```sh/g)?.length);
    const up = await place.up();
    // A person comes to the first command later than the first reading of the account ends.
    const isRead = async (): Promise<boolean> => {
      const { rows } = await database.db.raw<{ rows: object[] }>(
        `select from account_readings where done_at is not null`,
      );
      return rows.length > 0;
    };
    await waitUntil(isRead, { timeoutMs: 30_000, what: 'the account is read' });

    const script = steps
      .map(({ commands }) => `${commands}echo; echo '${END}'`)
      .join('\n')
      .replaceAll('http://127.0.0.1:8000', up.api)
      .replaceAll('http://127.0.0.1:12111', up.simulator);
    const npx = `npx() { shift; "${process.execPath}" "${ROOT}/cli/main.ts" "$@"; }`;
    const shell = spawn('bash', ['-c', `exec 2>&1\n${npx}\n${script}`], {
      cwd: place.folder,
      env: {
        ...ignoreConnectionSettings(),
        ...{ TWINBOX_DATA_DIR: `${place.folder}/data`, DATABASE_URL: database.url },
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const printed = collect(shell.stdout);
    await new Promise((ended) => shell.once('close', ended));
    const answers = printed().split(END);
    for (const [at, { commands, shown }] of steps.entries())
      expect(masked(answers[at] ?? ''), commands).to.equal(masked(shown));
  });
});
