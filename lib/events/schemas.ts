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

export type CustomerEnvelope = Common & {
  event_type: 'customer.created' | 'customer.updated' | 'customer.deleted' | 'customer.linked';
  /** Without gaps for each customer. */
  version: number;
  customer_data: { id: number; name: string; email: string };
  /** System -> the id of the customer's record. */
  external_mappings: Record<string, string>;
};

export type ExternalEnvelope = Common & { version: null; external: Record<string, unknown> };

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

export const customerSchema = {
  $id: 'https://twinbox.dev/schemas/customer-event.json',
  title: 'A change of a customer, or its new link to an external system',
  type: 'object',
  required: [...commonNames, 'customer_data', 'external_mappings'],
  properties: {
    ...common,
    event_type: { enum: ['customer.created', 'customer.updated', 'customer.deleted', 'customer.linked'] },
    version: count,
    customer_data: {
      type: 'object',
      required: ['id', 'name', 'email'],
      properties: { id: count, name: { type: 'string' }, email: { type: 'string' } },
    },
    external_mappings: { type: 'object', additionalProperties: { type: 'string' } },
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
    external: { type: 'object' },
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
