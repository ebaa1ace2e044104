// Creates or checks the topics of Kafka before any process runs. A deployment does this once,
// besides `migrate`.
import type { TopicFacts } from '../../lib/bus/kafka/topic-facts.ts';
import { loadConfigAndCatalogue } from '../../lib/process/load-config.ts';
import { AppError } from '../../lib/errors.ts';
import { topics } from '../../lib/events/routing.ts';
import { exit } from '../exit.ts';
import { table, type Output } from '../output.ts';
import type { CommandContext } from '../command-context.ts';
import { toSeconds } from '../seconds.ts';
import { quietLog } from '../session.ts';

type Options = { wait: number; json?: boolean };

export function addTopics({ program, output, finish }: CommandContext): void {
  program
    .command('topics')
    .option('--wait <seconds>', 'how long to wait for a Kafka that does not answer yet', toSeconds, 10)
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
With KAFKA_CREATE_TOPICS=no the command only checks. A topic that exists is never changed.
Exit status: 0 if all topics exist and are as the settings say; 69 if Kafka does not answer, or if a topic is missing or wrong
(each is named); 78 if KAFKA_BOOTSTRAP_SERVERS is not set.

Examples:
  $ KAFKA_BOOTSTRAP_SERVERS=kafka.example.com:9092 npx twinbox topics
  $ npx twinbox topics --wait 60 --json`,
    )
    .action(async ({ wait, json = false }: Options) => {
      const { kafka, facts } = await provideTopics(wait * 1_000);
      if (json) output.printJson({ kafka, topics: facts.map(toJson) });
      else printTopics(facts, output);
      finish(exit.ok);
    });
}

async function provideTopics(patienceMs: number): Promise<{ kafka: string | null; facts: TopicFacts[] }> {
  const config = loadConfigAndCatalogue();
  if (config.kafka.bootstrapServers.length === 0) {
    throw new AppError('config_invalid', {
      detail:
        'The topics are in Kafka, and KAFKA_BOOTSTRAP_SERVERS is not set. Set it to host:port of the brokers; ' +
        '`make kafka` starts a broker to try it with.',
    });
  }
  const { kafkaSettings, openBus } = await import('../../lib/bus/open-bus.ts');
  const { readTopicFacts } = await import('../../lib/bus/kafka/topic-facts.ts');
  const log = quietLog(config);
  const names = Object.values(topics);
  const { bus, place } = await openBus(config, { log, topics: names, patienceMs });
  await bus.close();
  return {
    kafka: place,
    facts: await readTopicFacts(
      await kafkaSettings(config),
      names.map((name) => config.kafka.topicPrefix + name),
      log,
    ),
  };
}

function printTopics(facts: readonly TopicFacts[], output: Output): void {
  const rows = facts.map(({ topic, partitions, replicas, retentionHours }) => [
    topic,
    String(partitions),
    String(replicas),
    describeRetention(retentionHours),
  ]);
  for (const line of table([['topic', 'partitions', 'replicas', 'retention'], ...rows])) output.print(line);
}

function describeRetention(hours: TopicFacts['retentionHours']): string {
  if (hours === undefined) return 'may not be read';
  return hours === null ? 'for ever' : `${hours} h`;
}

function toJson({ retentionHours, ...facts }: TopicFacts) {
  return { ...facts, ...(retentionHours === undefined ? {} : { retention_hours: retentionHours }) };
}
