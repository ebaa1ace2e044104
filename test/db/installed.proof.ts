import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { finish } from '../support/child.ts';
import { environmentWith } from '../support/environment.ts';
import { mochaProgram } from '../support/jobs.ts';
import { describeInstalled } from './installed-server.ts';

const TEST = resolve(import.meta.dirname, '..');

await describeInstalled((address) => {
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
        env: environmentWith({ TEST_POSTGRES_URL: address() }),
      }),
    );
    expect(stdout)
      .to.match(/^ {2}[1-9]\d* passing/m)
      .and.not.match(/failing|pending/);
    expect(code).to.equal(0);
  });
});
