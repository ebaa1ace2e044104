// docs/runbook.md has an entry for each alert, and its commands work.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { usePlace } from '../cli/twinbox.ts';
import { useDatabase } from '../support/database.ts';
import { blocksOf, readPage, ROOT, sectionsOf } from './read-page.ts';

const page = readPage('docs/runbook.md');
const entries = sectionsOf(page);
const RULES = join(ROOT, 'deploy/observe');

describe('docs/runbook.md', () => {
  it('says of each alert what it means, who is hurt, the first command, the cure, and when it is over', () => {
    expect(entries.size).to.be.above(10);
    for (const [name, text] of entries) {
      for (const part of ['**Means.**', '**Hurt.**', '**Cure.**', '**Over when**'])
        expect(text, name).to.include(part);
      expect([...blocksOf(text, 'sh'), ...blocksOf(text, 'sql')], name).to.have.length(1);
    }
  });

  it('has one entry for each alert of deploy/observe, and no other', function () {
    // The rules and this page come from different changes.
    if (!existsSync(RULES)) return this.skip();
    const rules = readdirSync(RULES, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.yml'),
    );
    const alerts = rules.flatMap((name) =>
      [...readFileSync(join(RULES, name), 'utf8').matchAll(/^\s*-? *alert: *["']?(\w+)/gm)].map(
        ([, alert]) => alert,
      ),
    );
    expect([...entries.keys()]).to.have.members([...new Set(alerts)]);
  });

  describe('its first commands, and those of docs/troubleshooting.md', () => {
    const database = useDatabase();
    const place = usePlace(() => ({ DATABASE_URL: database.url }));

    it('answer about a running system, each with a status that docs/cli.md has for it', async () => {
      await place.up();
      const blocks = [page, readPage('docs/troubleshooting.md')].flatMap((text) => blocksOf(text, 'sh'));
      const commands = [...new Set(blocks.flatMap((block) => block.trim().split('\n')))];
      const script = commands.map((command) => `${command}; echo "= $?"`).join('\n');
      const npx = `npx() { shift; "${process.execPath}" "${ROOT}/cli/main.ts" "$@"; }`;
      const { stdout } = await promisify(execFile)('bash', ['-c', `exec 2>&1\n${npx}\n${script}`], {
        cwd: place.folder,
        env: {
          ...ignoreConnectionSettings(),
          ...{ TWINBOX_DATA_DIR: `${place.folder}/data`, DATABASE_URL: database.url },
        },
      });
      const answers = stdout.split(/^= (?=\d+$)/m);
      const statuses = answers.slice(1).map((answer) => Number.parseInt(answer));
      const shown = commands.map((command, at) => `${command}: ${statuses[at]}`);
      expect(shown).to.have.members([
        'npx twinbox top --once: 0',
        'npx twinbox groups list: 0',
        'npx twinbox status: 0',
        'npx twinbox doctor: 0',
        'npx twinbox keys list: 0',
        'npx twinbox lanes: 0',
        'npx twinbox verify --wait 60: 0',
      ]);
      expect(stdout).to.include('relay     0 s behind').and.include('0 drift');
      expect(stdout)
        .to.match(/^ok +clocks/m)
        .and.match(/^ok +webhooks/m);
    });

    it('and its statement about open transactions, which finds one', async () => {
      const [statement = ''] = blocksOf(page, 'sql');
      await database.db.transaction(async (tx) => {
        await tx.raw('select pg_current_xact_id()');
        const [open, prepared] = statement.split(';');
        const { rows } = await database.db.raw<{ rows: { state: string }[] }>(open ?? '');
        expect(rows.map(({ state }) => state)).to.include('idle in transaction');
        await database.db.raw(prepared ?? '');
      });
    });
  });
});
