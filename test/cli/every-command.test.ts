import { expect } from 'chai';
import { commands } from '../../cli/command-list.ts';
import { createOutput } from '../../cli/output.ts';
import { phrases, plainWords } from '../../cli/phrases.ts';
import { createWholeProgram } from '../../cli/program.ts';
import { runHere } from './in-process.ts';

/** Commands that print no data: what they do is a screen, a session, a script, a process or an exact text. */
const WITHOUT_JSON = new Set(['demo', 'simulator', 'repl', 'completion', 'audit text']);

type Command = Awaited<ReturnType<typeof createWholeProgram>>;

/** A command that can be run, by its whole name. */
type Named = { name: string; command: Command; help: string };

async function everyCommand(): Promise<Named[]> {
  let written = '';
  const stream = { write: (text: string) => (written += text), on: () => undefined };
  const program = await createWholeProgram(createOutput(stream, stream));
  const namedOf = (command: Command, before: string): Named[] => {
    const name = `${before}${command.name()}`;
    written = '';
    command.outputHelp();
    const own = { name, command, help: written };
    return [
      own,
      ...command
        .createHelp()
        .visibleCommands(command)
        .filter((each) => each.name() !== 'help' && !each.description().startsWith('the same as: '))
        .flatMap((each) => namedOf(each, `${name} `)),
    ];
  };
  return program.commands
    .filter((each) => Object.hasOwn(commands, each.name()))
    .flatMap((each) => namedOf(each, ''));
}

describe('every command', () => {
  let all: Named[] = [];
  before(async () => {
    all = await everyCommand();
  });

  it('has examples in its help, or in that of the command above it', () => {
    const lacking = all.filter(
      ({ name, help }) =>
        !/Examples?:\n {2}\$ /.test(help) &&
        // A verb may be shown among the examples of its thing.
        !all.some((above) => name.startsWith(`${above.name} `) && above.help.includes(`twinbox ${name}`)),
    );
    expect(lacking.map(({ name }) => name)).to.deep.equal([]);
  });

  it('has --json, unless it prints no data', () => {
    const lacking = all
      .filter(({ command }) => command.commands.length === 0)
      .filter(
        ({ command, name }) =>
          !command.options.some(({ long }) => long === '--json') && !WITHOUT_JSON.has(name),
      );
    expect(lacking.map(({ name }) => name)).to.deep.equal([]);
  });

  it('is in the list with what it is for, in one line, and does not say it a second time', async () => {
    for (const [name, { about }] of Object.entries(commands)) {
      const found = all.find((each) => each.name === name);
      expect(found?.command.description(), name).to.equal(about);
      expect(about).to.match(/^[a-z].*[^.]$/);
    }
    const program = await createWholeProgram(createOutput());
    const things = Object.keys(phrases).filter((thing) => !Object.hasOwn(commands, thing));
    expect(program.commands.map((each) => each.name())).to.deep.equal([...Object.keys(commands), ...things]);
  });

  it('can be said as a thing and a verb where its own name is one word, with the same help', async () => {
    for (const [thing, { verbs }] of Object.entries(phrases))
      for (const [verb, plain] of Object.entries(verbs)) {
        expect(plainWords([thing, verb, '--help'])).to.deep.equal([...plain, '--help']);
        const [named] = plain;
        expect(Object.keys(commands)).to.include(named);
      }
    const { code, stdout } = await runHere('systems', 'pause', '--help');
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: (await runHere('pause', '--help')).stdout });
    const { stdout: all } = await runHere('systems', '--help');
    expect(all).to.include('the same as: twinbox pause');
    expect((await runHere('systems', 'paws')).code).to.equal(2);
  });
});
