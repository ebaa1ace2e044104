import { expect } from 'chai';
import { createOutput, table } from '../../cli/output.ts';
import { runCli } from '../../cli/run.ts';

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => (written[name] += text),
    on: () => undefined,
  });
  const code = await runCli(args, createOutput(stream('stdout'), stream('stderr')));
  return { code, ...written };
}

const COMMANDS = [
  'up',
  'demo',
  'import',
  'status',
  'verify',
  'replay',
  'pause',
  'resume',
  'migrate',
  'simulator',
  'repl',
];

describe('the command line', () => {
  it('lists every command under --help, on standard output', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    for (const command of COMMANDS) expect(stdout).to.match(new RegExp(`^  ${command} `, 'm'));
  });

  for (const command of COMMANDS) {
    it(`explains ${command} with examples`, async () => {
      const { code, stdout, stderr } = await run(command, '--help');
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout)
        .to.match(/Examples?:/)
        .and.to.include('npx twinbox');
    });
  }

  const wrong: [string[], RegExp][] = [
    [[], /^Usage: twinbox/],
    [['vrify'], /Did you mean verify\?/],
    [['verify', '--wat', '3'], /Did you mean --wait\?/],
    [['verify', '--wait', 'soon'], /must be a number of seconds/],
    [['verify', 'extra'], /too many arguments/],
    [['import'], /missing required argument 'file'/],
    [['timeline', '42'], /Usage: twinbox timeline \[options\] <entity> <id>; npx twinbox timeline --help/],
    [['events', 'an-id'], /Usage: twinbox events list \[options\];/],
    [['pause', 'strype', '--reason', 'a check'], /Allowed choices are stripe/],
    [['replay', '--why', 'a check', '--limit', '1.5'], /whole number from 1/],
    [['replay', '--why', ' '], /must say why/],
    [['resolve', '42', '--recreate', '--reason', ''], /must say why/],
    [['keys', 'create', 'x', '--scope', 'editor', '--expires', '99999999999d'], /at most 999999 of a unit/],
    [['top', '--every', '0'], /number of seconds from 0\.2 on/],
    [['import', 'no-such-file.csv'], /no-such-file\.csv cannot be read: there is no such file/],
    [['import', '.'], /is a folder/],
    [['import', 'x.csv', '--delimiter', ';;'], /one character/],
    [['pause', 'strype'], /Allowed choices are stripe/],
    [['connect', 'strype'], /Allowed choices are stripe/],
    ...['status', 'verify', 'replay', 'link', 'resolve', 'doctor', 'explain'].map(
      (name): [string[], RegExp] => [[name, '--system', 'strype'], /Allowed choices are stripe/],
    ),
    [['resume', 'stripe', '--delets'], /Did you mean --deletes\?/],
    [['replay', 'not-a-uuid'], /is not the id of an event/],
    [['replay', '--id', 'not-a-uuid'], /is not the id of an event/],
    [['replay', '--status', 'lost'], /Allowed choices are/],
    [['replay', '--customer', '0'], /whole number from 1/],
    [['replay', '--since', 'yesterday-ish'], /30m, 2h or 7d/],
    [['replay', '--limit', '1.5'], /whole number from 1/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses the invalid call "twinbox ${args.join(' ')}" with status 2 and without a stack trace`, async () => {
      const { code, stdout, stderr } = await run(...args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr)
        .to.match(message)
        .and.not.to.match(/^ {4}at /m);
    });
  }

  it('prints its version', async () => {
    expect((await run('--version')).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('aligns columns', () => {
    expect(
      table([
        ['a', 'bb'],
        ['ccc', 'd'],
      ]),
    ).to.deep.equal(['a    bb', 'ccc  d']);
  });
});
