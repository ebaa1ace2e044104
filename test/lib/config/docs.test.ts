import { readFile } from 'node:fs/promises';
import { parse } from 'dotenv';
import { expect } from 'chai';
import { envExample, settingsPage } from '../../../lib/config/docs.ts';
import { settings } from '../../../lib/config/schema.ts';
import { loadConfig } from '../../../lib/config/config.ts';

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

describe('the generated documents of the settings', () => {
  it('are current; if not, run: npm run docs:settings', async () => {
    expect(await read('.env.example')).to.equal(envExample());
    expect(await read('docs/settings.md')).to.equal(settingsPage());
  });

  it('give an example for each setting that would be accepted', () => {
    const examples = parse(
      envExample()
        .replaceAll(/^# ([A-Z_]+=)/gm, '$1')
        .replaceAll('…', '0'),
    );
    expect(Object.keys(examples)).to.have.members(settings.map(([name]) => name));
    loadConfig(examples, { envFile: false });
  });

  it('show no default for a secret', () => {
    for (const [name, { secret, default: value }] of settings) {
      if (secret === true) expect(value, name).to.equal(undefined);
    }
  });
});
