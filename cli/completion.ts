// The completion of shells, written from the program's own commands: what is listed here cannot differ
// from what the parser takes. The scripts hold words alone and start no process while a person types.
import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A command with what can follow it: `path` is '' for the program, or such as `keys list`. */
type Place = {
  path: string;
  about: string;
  children: { name: string; about: string }[];
  options: { flag: string; about: string; values: readonly string[] }[];
  /** The words that its arguments may be. */
  choices: readonly string[];
};

export function completionFor(shell: Shell, program: Command): string {
  const places = placesOf(program, []);
  const name = program.name();
  return { bash: bashOf, zsh: zshOf, fish: fishOf }[shell](name, places);
}

function placesOf(command: Command, path: readonly string[]): Place[] {
  const shown = command.createHelp();
  const children = shown.visibleCommands(command).filter((each) => each.name() !== 'help');
  const place: Place = {
    path: path.join(' '),
    about: command.description(),
    children: children.map((each) => ({ name: each.name(), about: each.description() })),
    options: shown.visibleOptions(command).flatMap(flagsOf),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
  return [place, ...children.flatMap((each) => placesOf(each, [...path, each.name()]))];
}

function flagsOf({ long, short, description, argChoices }: Option): Place['options'] {
  return [long, short].flatMap((flag) =>
    flag === undefined ? [] : [{ flag, about: description, values: argChoices ?? [] }],
  );
}

/** What can stand at a place, without what a default command (`list`) of it takes. */
function wordsAt({ children, options, choices }: Place): string[] {
  return [...children.map(({ name }) => name), ...choices, ...options.map(({ flag }) => flag)];
}

/** The words of a place; those of a group are also the options of its `list`. */
function wordsOf(place: Place, places: readonly Place[]): string[] {
  const list = places.find(({ path }) => place.path !== '' && path === `${place.path} list`);
  return [...new Set([...wordsAt(place), ...(list ? list.options.map(({ flag }) => flag) : [])])];
}

/** The part that bash and zsh understand alike: `at` is the place, and `found` becomes the words. */
function casesOf(places: readonly Place[]): string {
  const values = places.flatMap(({ path, options }) =>
    options.flatMap(({ flag, values: words }) =>
      words.length === 0 ? [] : [`    ${quoted(`${path}:${flag}`)}) found=${quoted(words.join(' '))} ;;`],
    ),
  );
  const words = places.map(
    (place) => `      ${quoted(place.path)}) found=${quoted(wordsOf(place, places).join(' '))} ;;`,
  );
  return ['  case "$at:$prev" in', ...values, '    *) case "$at" in', ...words, '    esac ;;', '  esac'].join(
    '\n',
  );
}

/** A word is a part of the place only where a command of this name may stand. */
function stepsOf(places: readonly Place[]): string {
  const steps = places.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `    case "\${at:+$at }$word" in\n      ${steps.join('|')}) at="\${at:+$at }$word" ;;\n    esac`;
}

function bashOf(name: string, places: readonly Place[]): string {
  return `# bash completion of ${name}, made by: ${name} completion bash
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' found='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
${stepsOf(places)}
  done
${casesOf(places)}
  COMPREPLY=($(compgen -W "$found" -- "$cur"))
}
complete -o default -F _${name} ${name}
`;
}

function zshOf(name: string, places: readonly Place[]): string {
  return `#compdef ${name}
# zsh completion of ${name}, made by: ${name} completion zsh
_${name}() {
  local prev=\${words[CURRENT-1]} at='' found='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
${stepsOf(places)}
  done
${casesOf(places)}
  compadd -- \${=found} || _files
}
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fishOf(name: string, places: readonly Place[]): string {
  const steps = places.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  const lines = places.flatMap(({ path, children, options, choices }) => {
    const at = `complete -c ${name} -n ${quoted(`__${name}_at "${path}"`)}`;
    return [
      ...children.map((each) => `${at} -a ${quoted(each.name)} -d ${quoted(each.about)}`),
      ...(choices.length > 0 ? [`${at} -a ${quoted(choices.join(' '))}`] : []),
      ...options.flatMap(({ flag, about, values }) =>
        flag.startsWith('--')
          ? [
              `${at} -l ${flag.slice(2)} -d ${quoted(about)}${values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : ''}`,
            ]
          : [],
      ),
    ];
  });
  return `# fish completion of ${name}, made by: ${name} completion fish
function __${name}_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$at $word")
    contains -- "$next" ${steps.join(' ')}; and set at "$next"
  end
  test "$at" = "$argv[1]"
end
complete -c ${name} -f
${lines.join('\n')}
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
