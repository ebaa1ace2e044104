// One JSON Schema for each kind of message. The checks (parse.ts) and the documents use these
// schemas; the types are in the same file. Extra fields are accepted everywhere: a newer writer
// must not break an older reader.

type Common = {
  schema_version: 1;
  event_id: string;
  event_type: string;
  /** ISO 8601. */
  timestamp: string;
  source: string;
  /** The instance id of the database that wrote the event; absent in records of older versions. */
  installation?: string;
};

/** A change of a row, or its new link: `customer.updated` has `customer_data`. */
export type RowEnvelope = Common & {
  /** Without gaps for each customer. */
  version: number;
  /** System -> the id of the customer's record. */
  external_mappings: Record<string, string>;
};

/**
 * An event of an external system, as intake stores it and the bus carries it. It names a record that
 * was changed: no value is ever taken from it without a read. What is left out, as older writers
 * did, says no more than null.
 */
export type ReportedEvent = {
  /** The external id of the record. */
  id: string;
  kind: 'created' | 'updated' | 'deleted' | 'merged';
  /** Of `merged`: the external id of the record that this one is a part of now. */
  into?: string | null;
  account: string;
  system?: string;
  /** The system's own id of the event. */
  event?: string;
  /** By the system's clock, ISO 8601. */
  created?: string | null;
  livemode?: boolean | null;
  request_id?: string | null;
  idempotency_key?: string | null;
  /** By their field names; null where the event carries no values. */
  after?: Record<string, string | null> | null;
  previous?: Record<string, string | null> | null;
  /** Our owner tag, by the name that stored and published events have had from the start. */
  mark?: string | null;
  /** What of it had the wrong type or no sane length. */
  unreadable?: string[];
};

export type ExternalEnvelope = Common & { version: null; external: ReportedEvent };

export type ParkedEnvelope = Common & {
  event_type: 'delivery.parked';
  parked: {
    event_id: string;
    /** The system, or the topic, that the delivery did not reach. */
    target: string;
    reason: string;
    detail?: Record<string, unknown>;
  };
};

const uuid = { type: 'string', format: 'uuid' };
const count = { type: 'integer', minimum: 1 };
const common = {
  schema_version: { const: 1 },
  event_id: uuid,
  timestamp: { type: 'string', format: 'date-time' },
  source: { type: 'string', minLength: 1 },
  installation: { type: 'string', minLength: 1 },
};
const commonNames = ['schema_version', 'event_id', 'event_type', 'timestamp', 'source', 'version'];

/** `<entity>_data` has the row's id and its fields; parse.ts checks it by the event's type. */
export const rowSchema = {
  $id: 'https://twinbox.dev/schemas/row-event.json',
  title: 'A change of a row, or its new link to an external system',
  type: 'object',
  required: [...commonNames, 'external_mappings'],
  properties: {
    ...common,
    event_type: { type: 'string', pattern: '^[a-z][a-z0-9_]*\\.(created|updated|deleted|linked)$' },
    version: count,
    external_mappings: { type: 'object', additionalProperties: { type: 'string' } },
  },
} as const;

const textOrNull = { type: ['string', 'null'] };
/** By the name of their field; a value has the form that it has there. */
const values = { type: ['object', 'null'] };

/** Checked where an event enters: from an integration, before it is stored, and from the bus. */
export const reportedSchema = {
  $id: 'https://twinbox.dev/schemas/reported-event.json',
  title: 'An event of an external system: the record that it is about, and what it says',
  type: 'object',
  required: ['id', 'kind', 'account'],
  properties: {
    id: { type: 'string', minLength: 1 },
    kind: { enum: ['created', 'updated', 'deleted', 'merged'] },
    into: textOrNull,
    account: { type: 'string' },
    system: { type: 'string' },
    event: { type: 'string' },
    created: { ...textOrNull, format: 'date-time' },
    livemode: { type: ['boolean', 'null'] },
    request_id: textOrNull,
    idempotency_key: textOrNull,
    after: values,
    previous: values,
    mark: textOrNull,
    unreadable: { type: 'array', items: { type: 'string' } },
  },
} as const;

export const externalSchema = {
  $id: 'https://twinbox.dev/schemas/external-event.json',
  title: 'A verified event of an external system',
  type: 'object',
  required: [...commonNames, 'external'],
  properties: {
    ...common,
    event_type: { type: 'string', pattern: '^[a-z0-9_-]+\\..+' },
    version: { type: 'null' },
    external: { $ref: reportedSchema.$id },
  },
} as const;

export const parkedSchema = {
  $id: 'https://twinbox.dev/schemas/delivery-parked.json',
  title: 'A delivery that needs a person, and why',
  type: 'object',
  required: [...commonNames, 'parked'],
  properties: {
    ...common,
    event_type: { const: 'delivery.parked' },
    version: { type: ['integer', 'null'] },
    parked: {
      type: 'object',
      required: ['event_id', 'target', 'reason'],
      properties: {
        event_id: uuid,
        target: { type: 'string' },
        reason: { type: 'string' },
        detail: { type: 'object' },
      },
    },
  },
} as const;
