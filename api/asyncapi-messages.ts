// The messages of the AsyncAPI document: one for each type of event, with an example.
import type { Entity } from '../lib/catalogue/entity.ts';
import { shownSchema } from '../lib/catalogue/row-checks.ts';
import { externalSchema, parkedSchema, reportedSchema, rowSchema } from '../lib/events/schemas.ts';
import { exampleShown } from './example-values.ts';
import { ref, type Json } from './openapi-parts.ts';

/** The events of a row, by what comes after the name of its entity. */
export const rowEvents = {
  created: 'A row was created, on whichever side.',
  updated: 'A row was changed, on whichever side.',
  deleted: 'A row was deleted. The data are those of before.',
  linked: 'A row got a record at an external system, or another one. The row itself has not changed.',
} as const;

const RECORD = 'cus_NffrFeUfNV2Hib';
const EVENT_ID = '019a8a3c-7f00-7000-8000-000000000001';
const common = {
  schema_version: 1,
  event_id: EVENT_ID,
  timestamp: '2026-11-22T08:00:00.000Z',
  installation: 'ab12cd34',
};

/** The four messages about the rows of one entity; the example has a record at the `system`. */
export function rowMessages(entity: Entity, system: string): Record<string, Json> {
  const data = `${entity.name}_data`;
  return Object.fromEntries(
    Object.entries(rowEvents).map(([kind, summary], at) => {
      const type = `${entity.name}.${kind}`;
      const own = {
        properties: { event_type: { const: type }, [data]: ref(`${entity.name}_row`) },
        required: [data],
      };
      const example = {
        ...common,
        event_type: type,
        source: 'internal',
        version: Math.min(at + 1, 3),
        [data]: { id: 42, ...exampleShown(entity) },
        external_mappings: kind === 'created' ? {} : { [system]: RECORD },
      };
      const key = { description: `${entity.name}:<id>`, example: `${entity.name}:42` };
      return [type, message(type, { summary, schemas: [ref('RowEvent'), own], key, example })];
    }),
  );
}

/** The events of an external system; their types begin with its name. */
export function externalMessage(system: string): Json {
  const own = { properties: { event_type: { type: 'string', pattern: `^${system}\\..+` } } };
  const example = {
    ...common,
    event_type: `${system}.customer.updated`,
    source: system,
    version: null,
    external: { id: RECORD, kind: 'updated', account: 'acct_1', system, event: 'evt_1' },
  };
  return message(`${system}.*`, {
    summary:
      'A verified event of this system, stored before it was published. It names a record; its values are hints.',
    schemas: [ref('ExternalEvent'), own],
    key: { description: '<system>:<account>:<external id>', example: `${system}:acct_1:${RECORD}` },
    example,
  });
}

export function parkedMessage(system: string): Json {
  const example = {
    ...common,
    event_type: 'delivery.parked',
    source: system,
    version: null,
    parked: { event_id: EVENT_ID, target: system, reason: 'transform_failed', detail: { field: 'name' } },
  };
  return message('delivery.parked', {
    summary: 'A delivery needs a person, or a record did not belong on its topic.',
    schemas: [ref('ParkedDelivery')],
    key: {
      description: 'The key of the event; record:<topic>/<partition> for a record that is no event of ours.',
      example: 'customer:42',
    },
    example,
  });
}

type Parts = {
  summary: string;
  schemas: Json[];
  key: { description: string; example: string };
  example: Json;
};

function message(type: string, { summary, schemas, key, example }: Parts): Json {
  const [only] = schemas;
  return {
    name: type,
    title: type,
    summary,
    contentType: 'application/json',
    headers: ref('Headers'),
    payload: schemas.length === 1 ? only : { allOf: schemas },
    bindings: {
      kafka: {
        key: { type: 'string', description: key.description, examples: [key.example] },
        bindingVersion: '0.5.0',
      },
    },
    examples: [{ name: 'one', headers: headersOf(example), payload: example }],
  };
}

function headersOf(event: Json): Json {
  return {
    ce_specversion: '1.0',
    ce_id: event['event_id'],
    ce_type: event['event_type'],
    ce_source: event['source'],
    ce_time: event['timestamp'],
    ce_sequence: '1207',
    ce_installation: event['installation'],
  };
}

const text = (description: string) => ({ type: 'string', description });

const headers = {
  type: 'object',
  description:
    'CloudEvents 1.0 in Kafka’s binary mode. With KAFKA_HEADERS=minimal only ce_id is there; the value has the rest.',
  required: ['ce_id'],
  properties: {
    ce_specversion: { const: '1.0' },
    ce_id: text('event_id: the same each time that the event is delivered.'),
    ce_type: text('event_type'),
    ce_source: text('source'),
    ce_time: { type: 'string', format: 'date-time' },
    ce_sequence: text('The id of the row in sync_events.'),
    ce_installation: text('The instance id of the database that wrote the event.'),
    traceparent: text('W3C: of the request that caused the event.'),
  },
};

/** The schemas by which Twinbox itself checks what it reads from the topics, by their names here. */
export function messageSchemas(entity: Entity): Json {
  const names = entity.fields.map(({ name }) => name);
  return {
    Headers: headers,
    RowEvent: named(rowSchema),
    ExternalEvent: named(externalSchema),
    ReportedEvent: named(reportedSchema),
    ParkedDelivery: named(parkedSchema),
    [`${entity.name}_row`]: {
      type: 'object',
      description:
        'The row: the fields of the catalogue. What PostgreSQL holds, even where the API would refuse it.',
      required: ['id', ...names],
      properties: {
        id: { type: 'integer', minimum: 1 },
        ...Object.fromEntries(entity.fields.map((field) => [field.name, shownSchema(field)])),
      },
    },
  };
}

/** The schema with its id left out; a reference by an id becomes one inside the document. */
function named(schema: object): Json {
  const text = JSON.stringify({ ...schema, $id: undefined });
  const inside = text.replaceAll(JSON.stringify(reportedSchema.$id), '"#/components/schemas/ReportedEvent"');
  return JSON.parse(inside) as Json;
}
