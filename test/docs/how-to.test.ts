import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ignoreConnectionSettings } from '../../lib/config/config.ts';
import { usePlace, type Up } from '../cli/twinbox.ts';
import { useDatabase } from '../support/database.ts';
import { waitUntil } from '../support/signal.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = resolve(ROOT, 'docs/how-to');
const read = (name: string): string => readFileSync(resolve(FOLDER, name), 'utf8');

/** The commands of a page, one after the other. */
const commandsOf = (name: string): string =>
  [...read(name).matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block).join('\n');

describe('docs/how-to', () => {
  for (const name of readdirSync(FOLDER)) {
    it(`${name} is at most one screen, and linked from CONTRIBUTING.md`, () => {
      expect(read(name).split('\n').length).to.be.at.most(70);
      expect(readFileSync(resolve(ROOT, 'CONTRIBUTING.md'), 'utf8')).to.include(`docs/how-to/${name}`);
    });
  }

  it('name no file or folder that is not there', () => {
    const paths = readdirSync(FOLDER).flatMap((name) =>
      [...read(name).matchAll(/`((?:lib|db|api|cli|test|simulator)\/[\w./-]+)`/g)].map(
        ([, path = '']) => path,
      ),
    );
    expect(paths).to.have.length.above(10);
    for (const path of paths) expect(existsSync(resolve(ROOT, path)), path).to.equal(true);
  });

  /** Runs a page's commands as they stand there, beside a `twinbox up` of its own. */
  function usePage(name: string): () => Promise<string> {
    const database = useDatabase();
    const place = usePlace(() => ({ DATABASE_URL: database.url }));
    let up: Up;
    before('start it', async () => {
      up = await place.up();
    });
    return async () => {
      const npx = `npx() { shift; "${process.execPath}" "${ROOT}/cli/main.ts" "$@"; }`;
      const commands = commandsOf(name).replaceAll('http://127.0.0.1:8000', up.api);
      const { stdout } = await promisify(execFile)('bash', ['-c', `${npx}\n${commands}`], {
        cwd: place.folder,
        env: {
          ...ignoreConnectionSettings(),
          TWINBOX_DATA_DIR: `${place.folder}/data`,
          DATABASE_URL: database.url,
        },
      });
      return stdout;
    };
  }

  describe('follow-one-event.md', () => {
    const run = usePage('follow-one-event.md');
    it('shows the output that its commands really give', async () => {
      const shown = await run();
      expect(shown, shown)
        .to.include('1 customer agrees, 0 drift')
        .and.match(/customer\.created +1 /)
        .and.match(/ intent +create of version 1, done/)
        .and.match(/ settled +stripe: applied/)
        .and.include("status: 'applied'");
    });
  });

  describe('debug-a-parked-customer.md', () => {
    const run = usePage('debug-a-parked-customer.md');
    it('parks a customer and ends the parking, run as written', async () => {
      const shown = await run();
      expect(shown)
        .to.include('1 parked')
        .and.match(/parked +email_invalid/)
        .and.include("reason: 'email_invalid'")
        .and.match(/1 customer agrees, 0 drift\n$/);
    });
  });

  describe('add-a-field.md', () => {
    const database = useDatabase();
    const place = usePlace(() => ({ DATABASE_URL: database.url }));
    const blocks = (language: string): string[] =>
      [...read('add-a-field.md').matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(
        ([, block = '']) => block,
      );
    const run = async (commands: string): Promise<string> => {
      const npx = `npx() { shift; "${process.execPath}" "${ROOT}/cli/main.ts" "$@"; }`;
      const { stdout } = await promisify(execFile)('bash', ['-c', `exec 2>&1\n${npx}\n${commands}`], {
        cwd: place.folder,
        env: {
          ...ignoreConnectionSettings(),
          TWINBOX_DATA_DIR: `${place.folder}/data`,
          DATABASE_URL: database.url,
        },
      });
      return stdout;
    };

    it('brings phone and city into step by its words alone, with the output that it shows', async () => {
      const [configure = '', use = ''] = blocks('sh');
      const [configured, used] = blocks('text');
      expect(await run(configure)).to.equal(configured);
      const up = await place.up();
      // A person comes to the next command later than the first reading of the account ends.
      const isRead = async (): Promise<boolean> => {
        const { rows } = await database.db.raw<{ rows: object[] }>(
          `select from account_readings where done_at is not null`,
        );
        return rows.length > 0;
      };
      await waitUntil(isRead, { timeoutMs: 30_000, what: 'the account is read' });
      expect(await run(use.replaceAll('http://127.0.0.1:8000', up.api))).to.equal(used);
      const { rows } = await database.db.raw<{ rows: object[] }>(`select phone, address_city from customers`);
      expect(rows).to.deep.equal([{ phone: '+44 20 7946', address_city: 'London' }]);
    });
  });
});
