import { expect } from 'chai';
import { createOutput, table } from '../../cli/output.ts';

function capture({ isTTY = false } = {}) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => (written[name] += text),
    on: () => undefined,
    isTTY,
    hasColors: () => isTTY,
  });
  return { written, output: createOutput(stream('stdout'), stream('stderr')) };
}

const HOSTILE = '\u001b]0;owned\u0007x\n99  changed\u202e\u009b2J';

describe('the output of a command', () => {
  for (const isTTY of [false, true]) {
    it(`shows control and direction characters as escapes, ${isTTY ? 'on a terminal' : 'in a pipe'} too`, () => {
      const { written, output } = capture({ isTTY });
      output.print(HOSTILE);
      output.print(`name ${HOSTILE}`);
      for (const line of table([
        ['a', HOSTILE],
        [HOSTILE, 'b'],
      ]))
        output.print(line);
      expect(written.stdout.split('\n')).to.have.length(5);
      expect(written.stdout.replaceAll('\n', '')).not.to.match(/[\p{Cc}\u202e]/u);
      output.say(HOSTILE);
      output.writeError(`error: ${HOSTILE}\n`);
      output.write(HOSTILE);
      expect(`${written.stderr}${written.stdout}`.replaceAll('\n', '')).not.to.match(/[\p{Cc}\u202e]/u);
    });
  }

  it('does not let a text begin a new line on standard error, and keeps the line breaks of our messages', () => {
    const { written, output } = capture();
    output.say('Settings are wrong:\n  API_PORT is\n99  changed  done');
    expect(written.stderr).to.equal('Settings are wrong:\n  API_PORT is\n  99  changed  done\n');
  });

  it('makes columns as wide as the characters that are shown', () => {
    expect(
      table([
        ['a\u202eb', 'x'],
        ['c', 'y'],
      ]),
    ).to.deep.equal(['a\\u202eb  x', 'c         y']);
  });

  it('fits tables into the terminal by cutting sentences, and leaves ids, times and numbers whole', () => {
    const rows = [
      ['event', 'when', 'says'],
      ['0198c0de-0000-7000-8000-000000000001', '2026-11-30 01:02:03', 'the customer has no email at Stripe'],
    ];
    const [, line = ''] = table(rows, 80);
    expect(line).to.equal('0198c0de-0000-7000-8000-000000000001  2026-11-30 01:02:03  the customer has no…');
    expect(line.length).to.be.at.most(80);
    // Too narrow for what stays whole: the terminal folds the line.
    expect(table(rows, 20)[1]).to.include(
      '0198c0de-0000-7000-8000-000000000001  2026-11-30 01:02:03  the customer h',
    );
    // In a pipe nothing is cut.
    expect(table(rows)[1]).to.include('has no email at Stripe');
  });

  it('is highlighted on a terminal only, whatever the text contains', () => {
    const [there, piped] = [capture({ isTTY: true }), capture()];
    for (const { output } of [there, piped]) output.printTitle('one\u001b[31m');
    expect(there.written.stdout).to.equal('\u001b[1mone\\u001b[31m\u001b[0m\n');
    expect(piped.written.stdout).to.equal('one\\u001b[31m\n');
  });

  it('keeps values unchanged in JSON', () => {
    const { written, output } = capture();
    output.printJsonLine({ name: HOSTILE });
    expect(written.stdout).not.to.match(/[\u202e\u009b\u001b]/);
    expect(JSON.parse(written.stdout)).to.deep.equal({ name: HOSTILE });
  });
});
