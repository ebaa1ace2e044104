// The topics as an AsyncAPI 3 document, built from the routing of events (lib/events/routing.ts) and from
// the schemas by which Twinbox checks what it reads from them.
import { customer } from '../lib/catalogue/built-in.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import { createRouting, eventsTopicOf, topics } from '../lib/events/routing.ts';
import { systems as allSystems } from '../lib/integrations/registry.ts';
import {
  externalMessage,
  messageSchemas,
  parkedMessage,
  rowEvents,
  rowMessages,
} from './asyncapi-messages.ts';
import { ref, type Json } from './openapi-parts.ts';

export type TopicSettings = {
  /** What a customer is in this installation. */
  entity?: Entity;
  /** What the names of the topics begin with: KAFKA_TOPIC_PREFIX. */
  prefix?: string;
  /** Whether there is a topic for other teams: KAFKA_CUSTOMER_EVENTS. */
  customerEvents?: boolean;
  /** The external systems that are kept in step. */
  systems?: readonly string[];
};

export function asyncApiDocument({
  entity = customer,
  prefix = '',
  customerEvents = true,
  systems = allSystems.names,
}: TopicSettings = {}): Json {
  const [one = 'system'] = systems;
  const messages: Record<string, Json> = {
    ...rowMessages(entity, one),
    ...Object.fromEntries(systems.map((system) => [`${system}.event`, externalMessage(system)])),
    'delivery.parked': parkedMessage(one),
  };
  // A name of a message is a type of event, or of a system one that stands for all.
  const routing = createRouting({ customerEvents, systems, entities: [entity.name] });
  const all = describedTopics(entity, customerEvents);
  const channels = Object.entries(all).map(([name, topic]) => {
    const own = Object.keys(messages).filter((type) => routing(type).includes(topic.topic));
    return { name, ...topic, own };
  });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Twinbox: the topics',
      version: '1',
      description: ABOUT,
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      channels.map(({ name, topic, description, own }) => [
        name,
        {
          address: prefix + topic,
          title: prefix + topic,
          description,
          messages: Object.fromEntries(own.map((type) => [type, ref(type, 'messages')])),
        },
      ]),
    ),
    operations: Object.fromEntries(
      channels.map(({ name, topic, summary, own }) => [
        `publish_${name}`,
        {
          action: 'send',
          title: `Twinbox publishes to ${prefix + topic}`,
          summary,
          channel: { $ref: `#/channels/${name}` },
          messages: own.map((type) => ({ $ref: `#/channels/${name}/messages/${type}` })),
        },
      ]),
    ),
    components: { messages, schemas: messageSchemas(entity) },
  };
}

const ABOUT =
  'What Twinbox publishes. Only its relay writes to these topics. Each event arrives at least once: tell repeats by event_id, and never replace a row by an older version. Records with one key are in one partition, in the order of their commits. Later versions may add members.';

type Topic = { topic: string; summary: string; description: string };

function describedTopics(entity: Entity, customerEvents: boolean): Record<string, Topic> {
  const kinds = Object.keys(rowEvents).length;
  return {
    outbound: {
      topic: topics.outbound,
      summary: 'Every committed change of a row, for the workers.',
      description: `Every committed change of a ${entity.name}, from whichever side. Twinbox’s own workers read it.`,
    },
    inbound: {
      topic: topics.inbound,
      summary: 'Every verified event of an external system, for the workers.',
      description: 'Every verified event of an external system. Twinbox’s own workers read it.',
    },
    ...(customerEvents && {
      events: {
        topic: eventsTopicOf(entity.name),
        summary: 'Every change and every link of a row, for other teams.',
        description: `For other teams: the ${kinds} kinds of events about a ${entity.name}. A reader may ask for the row by the API, but need not.`,
      },
    }),
    dlq: {
      topic: topics.dlq,
      summary: 'What needs a person.',
      description:
        'A notice for each delivery that is parked, and for each record that does not belong on its topic.',
    },
  };
}
