// `twinbox <thing> <verb>` for what has a shorter name of its own: `twinbox systems pause stripe` is
// `twinbox pause stripe`. Both stay.
import type { Command } from 'commander';

/** A thing, and for each of its verbs the words of the command that does it. */
export const phrases: Readonly<
  Record<string, { about: string; verbs: Readonly<Record<string, readonly string[]>> }>
> = {
  customers: {
    about: 'customers of our table',
    verbs: {
      import: ['import'],
      explain: ['explain', 'customer'],
      timeline: ['timeline', 'customer'],
      link: ['link'],
      resolve: ['resolve'],
      verify: ['verify'],
    },
  },
  records: { about: 'records at the systems', verbs: { explain: ['explain', 'record'] } },
  mappings: {
    about: 'the pairs of a row and its record',
    verbs: { explain: ['explain', 'mapping'], link: ['link'], resolve: ['resolve'] },
  },
  deliveries: { about: 'the outcomes of events', verbs: { replay: ['replay'] } },
  systems: {
    about: 'the external systems',
    verbs: {
      pause: ['pause'],
      resume: ['resume'],
      connect: ['connect'],
      deletes: ['deletes'],
      credentials: ['credentials'],
    },
  },
  database: { about: 'our database', verbs: { migrate: ['migrate'] } },
};

/** The same command line with the command's own name. */
export function plainWords(args: readonly string[]): string[] {
  const [thing = '', verb = '', ...rest] = args;
  const plain = ownOf(ownOf(phrases, thing)?.verbs ?? {}, verb);
  return plain === undefined ? [...args] : [...plain, ...rest];
}

function ownOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** So that the help and the completion know the phrases; what they say is done by the other name. */
export function addPhrases(program: Command): void {
  for (const [thing, { about, verbs }] of Object.entries(phrases)) {
    const known = program.commands.find((each) => each.name() === thing);
    const command = known ?? program.command(thing).description(about).helpGroup('By thing and verb:');
    for (const [verb, plain] of Object.entries(verbs))
      command.command(verb).description(`the same as: twinbox ${plain.join(' ')}`);
  }
}
