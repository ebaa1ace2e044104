import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { finish } from '../support/child.ts';
import { environmentWith } from '../support/environment.ts';
import { mochaProgram } from '../support/jobs.ts';
import { findInstalled, startInstalled } from './installed-server.ts';

const TEST = resolve(import.meta.dirname, '..');

/** From the oldest supported version up to the one before the embedded one, on which all other tests run. */
const installed = await findInstalled(15, 17);
if (installed.length === 0)
  console.log('Not tried: no PostgreSQL 15 to 17 is installed in /usr/lib/postgresql.\n');

for (const one of installed)
  describe(`an installed PostgreSQL ${one.major}`, function () {
    this.timeout(400_000);
    let server: Awaited<ReturnType<typeof startInstalled>>;
    before('start it', async () => {
      server = await startInstalled(one);
    });
    after('stop it', async () => {
      await (server as typeof server | undefined)?.stop();
    });

    it('supports what Twinbox asks its catalog, snapshots and collations for: partitions, retention, the relay’s cursor, texts', async () => {
      const files = [
        ...['db/partitions/partitions.test.ts', 'db/partitions/retention.test.ts', 'relay/cursor.test.ts'],
        ...['db/email-fold.test.ts', 'flows/collations.test.ts'],
      ];
      // mocha only warns of a file that is not there.
      for (const file of files) expect(existsSync(join(TEST, file)), file).to.equal(true);
      const { code, stdout } = await finish(
        spawn(process.execPath, [mochaProgram, ...files.map((file) => join(TEST, file))], {
          cwd: resolve(TEST, '..'),
          env: environmentWith({ TEST_POSTGRES_URL: server.url }),
        }),
      );
      expect(stdout)
        .to.match(/^ {2}[1-9]\d* passing/m)
        .and.not.match(/failing|pending/);
      expect(code).to.equal(0);
    });
  });
