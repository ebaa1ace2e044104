import { expect } from 'chai';
import { exit } from '../../cli/exit.ts';
import { createOutput } from '../../cli/output.ts';
import { chosenSystem, chosenSystems, ofEach } from '../../cli/systems.ts';
import { loadConfig } from '../../lib/config/config.ts';
import { createRegistry, systems } from '../../lib/integrations/registry.ts';
import { toyAt } from '../support/toy/double/definition.ts';

const config = loadConfig({}, { envFile: false });
const both = createRegistry([...systems.all, toyAt('http://127.0.0.1:9')]);
const [stripe, toy] = [both.get('stripe'), both.get('toy')];

function listen() {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => (written[name] += text),
    on: () => undefined,
  });
  return { written, output: createOutput(stream('stdout'), stream('stderr')) };
}

describe('the systems that a command is about', () => {
  it('are all that are kept in step, unless it names one', () => {
    expect(chosenSystems(both, config, undefined)).to.deep.equal([stripe, toy]);
    expect(chosenSystems(both, config, 'toy')).to.deep.equal([toy]);
  });

  it('are none that is not kept in step: what it lacks is named', () => {
    const without = createRegistry([stripe, toyAt(null)]);
    expect(chosenSystems(without, config, undefined)).to.deep.equal([stripe]);
    expect(() => chosenSystems(without, config, 'toy')).to.throw('Toy is not kept in step: it needs TOY_URL');
  });

  it('are the only one where a command is about one, and has to be named among several', () => {
    expect(chosenSystem(systems, config, undefined).name).to.equal('stripe');
    expect(chosenSystem(both, config, 'toy')).to.equal(toy);
    expect(() => chosenSystem(both, config, undefined)).to.throw(
      'Say which system: stripe, toy (--help shows where).',
    );
  });
});

describe('a command about several systems', () => {
  it('prints what it prints of one as if there were no others', async () => {
    const { output, written } = listen();
    const status = await ofEach([stripe], output, ({ name }, each) => {
      each.printJson({ name });
      return Promise.resolve(exit.failed);
    });
    expect(status).to.equal(exit.failed);
    expect(JSON.parse(written.stdout)).to.deep.equal({ name: 'stripe' });
    expect(written.stderr).to.equal('');
  });

  it('prints each under its name, as one piece of JSON or with a heading', async () => {
    const { output, written } = listen();
    await ofEach([stripe, toy], output, ({ name }, each) => {
      each.printJson({ name });
      return Promise.resolve(exit.ok);
    });
    expect(JSON.parse(written.stdout)).to.deep.equal({
      systems: { stripe: { name: 'stripe' }, toy: { name: 'toy' } },
    });
    expect(written.stderr).to.equal('Stripe:\nToy:\n');
  });

  const { ok, failed, undecided, nothingMatched } = exit;
  const ends: [number[], number][] = [
    [[ok, ok], ok],
    [[undecided, failed], failed],
    [[ok, undecided], undecided],
    [[nothingMatched, ok], ok],
    [[nothingMatched, nothingMatched], nothingMatched],
  ];
  for (const [each, whole] of ends) {
    it(`ends with ${whole} where its parts end with ${each.join(' and ')}`, async () => {
      const left = [...each];
      const status = await ofEach([stripe, toy], listen().output, () => Promise.resolve(left.shift() ?? ok));
      expect(status).to.equal(whole);
    });
  }
});
