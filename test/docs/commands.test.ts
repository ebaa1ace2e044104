import { readdirSync, readFileSync } from 'node:fs';
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

/** Null if the command has every argument that it needs; otherwise the first one that is missing. */
function missing(program: Command, words: readonly string[]): string | null {
  let command = program;
  let given = 0;
  for (const word of plainWords(words)) {
    if (word.startsWith('--')) break;
    const next = command.commands.find((each) => each.name() === word);
    if (next) command = next;
    else given += 1;
  }
  const needed = command.registeredArguments.filter(({ required }) => required);
  return needed[given]?.name() ?? null;
}

const CONSOLE = new URL('../../console/pages/', import.meta.url);

/** What the foot of each page of the console says as a command; `${…}` is one word of it. */
function footCommands(): string[][] {
  return readdirSync(CONSOLE).flatMap((file) =>
    [...readFileSync(new URL(file, CONSOLE), 'utf8').matchAll(/cli: (?:'([^']+)'|`([^`]+)`)/g)].map(
      ([, plain, made = '']) => (plain ?? made.replaceAll(/\$\{[^}]*\}/g, '1')).split(' '),
    ),
  );
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

  it('exists, with its options and all that it needs, at the foot of each page of the console', () => {
    const named = footCommands();
    expect(named).to.have.length.above(8);
    const wrong = named.map((words) => [words.join(' '), fault(program, words), missing(program, words)]);
    expect(wrong.filter(([, ...why]) => why.some((each) => each !== null))).to.deep.equal([]);
  });
});
