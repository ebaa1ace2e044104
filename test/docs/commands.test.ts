import { expect } from 'chai';
import { createOutput } from '../../cli/output.ts';
import { plainWords } from '../../cli/phrases.ts';
import { createWholeProgram } from '../../cli/program.ts';
import { systems } from '../../lib/integrations/registry.ts';
import { meanings } from '../../lib/operations/meanings.ts';
import { allPages, readPage, twinboxCommands } from './read-page.ts';

type Command = Awaited<ReturnType<typeof createWholeProgram>>;

/** Null if the words name a command with options that it has; otherwise what is wrong. */
function fault(program: Command, words: readonly string[]): string | null {
  let command = program;
  for (const word of plainWords(words)) {
    const next = command.commands.find((each) => each.name() === word);
    if (next) command = next;
    else if (command === program && /^[a-z]/.test(word)) return `no command ${word}`;
    else if (word.startsWith('--') && !hasOption(command, word)) return `${command.name()} has no ${word}`;
  }
  return null;
}

function hasOption(command: Command, word: string): boolean {
  const [name] = word.split('=');
  const own = [...command.options, ...command.commands.flatMap(({ options }) => options)];
  return name === '--help' || own.some(({ long }) => long === name);
}

describe('a command of Twinbox that a page names', () => {
  let program: Command;
  before(async () => {
    const stream = { write: () => undefined, on: () => undefined };
    program = await createWholeProgram(createOutput(stream, stream));
  });

  it('exists, with its options, on every page', () => {
    const wrong = allPages().flatMap((path) =>
      twinboxCommands(readPage(path)).flatMap((words) => {
        const why = fault(program, words);
        return why === null ? [] : [`${path}: twinbox ${words.join(' ')}: ${why}`];
      }),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('exists, with its options, in the cure of every code', () => {
    const tables = [...Object.values(meanings), ...systems.all.map(({ failures = {} }) => failures)];
    const cures = tables.flatMap((table) => Object.values(table).map(({ cure }) => cure));
    const named = cures.flatMap(twinboxCommands);
    expect(named).to.have.length.above(20);
    expect(named.flatMap((words) => fault(program, words) ?? [])).to.deep.equal([]);
  });
});
