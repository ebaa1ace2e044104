import { Argument, InvalidArgumentError, Option } from 'commander';
import { storyJson } from '../../lib/operations/story-json.ts';
import { placeOf, type StoryOrder } from '../../lib/operations/story.ts';
import type { CommandContext } from '../command-context.ts';
import { LIMIT_MAX, toId, toLimit } from '../choices.ts';
import { exit } from '../exit.ts';
import { storyLines } from '../story.ts';
import { withSource } from '../with-source.ts';

type Options = { order: StoryOrder; limit: number; after?: string; json?: boolean };

/** Those with an API. */
const ENTITIES = ['customer'];

export function addTimeline({ program, output, finish, systems }: CommandContext): void {
  program
    .command('timeline')
    .addArgument(new Argument('<entity>', 'what the story is about').choices(ENTITIES))
    .argument('<id>', 'its id in our table', toId)
    .addOption(
      new Option('--order <order>', 'which come first').choices(['newest', 'oldest']).default('newest'),
    )
    .option('--after <cursor>', 'what follows this place: the cursor of the page before', toCursor)
    .option('--limit <number>', `the largest number of items, up to ${LIMIT_MAX}`, toLimit, 50)
    .option('--json', 'print the page as JSON, with the cursor of the next one')
    .addHelpText(
      'after',
      `
Examples:
  $ npx twinbox timeline customer 42
  $ npx twinbox timeline customer 42 --order oldest --json`,
    )
    .action(async (entity: string, id: number, { order, limit, after, json = false }: Options) => {
      const of = { entity, id };
      const place = after === undefined ? null : placeOf(of, order, after);
      if (place === null && after !== undefined) {
        output.say('--after must be a whole cursor of this timeline, in the same order.');
        return finish(exit.usage);
      }
      const story = await withSource(systems, (source) => source.story(of, { order, limit, after }));
      if (!story) {
        output.say(`There is no ${entity} ${id}, and nothing is stored about one.`);
        return finish(exit.nothingMatched);
      }
      if (json) output.printJson({ ...storyJson(of, order, story), after: story.next });
      else {
        for (const line of storyLines(story, order)) output.print(line);
        if (story.facts.length === 0) output.say(`Nothing is stored about ${entity} ${id}.`);
        if (story.next !== null) output.say(`There is more: --after ${story.next}`);
      }
      finish(exit.ok);
    });
}

function toCursor(text: string): string {
  if (!/^[0-9a-z_-]+([.][0-9a-z_-]+)+$/.test(text))
    throw new InvalidArgumentError('It must be a whole cursor, as the page before gave it.');
  return text;
}
