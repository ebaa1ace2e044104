// Makes an envelope of a record on our topics. A record that is not an envelope is an answer and
// not an error: the reader still knows which record it was, writes a notice to the dlq, and goes
// on.
import type { ErrorObject, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { createAjv } from '../catalogue/load-ajv.ts';
import {
  externalSchema,
  parkedSchema,
  reportedSchema,
  rowSchema,
  type ExternalEnvelope,
  type ParkedEnvelope,
  type ReportedEvent,
  type RowEnvelope,
} from './schemas.ts';

export type Parsed =
  | { kind: 'row'; entityType: string; entityId: number; envelope: RowEnvelope }
  | { kind: 'external'; envelope: ExternalEnvelope }
  | { kind: 'parked'; envelope: ParkedEnvelope }
  | Invalid;

export type Invalid = {
  kind: 'invalid';
  reason: 'not_json' | 'not_an_object' | 'unknown_schema_version' | 'invalid_envelope';
  /** Pointers and rules, never values: values may be names of people. */
  problems: string[];
  /** The id that the record gives, if it is at least a text. */
  eventId: string | null;
};

const ajv = createAjv({ allErrors: false, strict: true, allowUnionTypes: true });
addFormats.default(ajv);

const isRow = ajv.compile<RowEnvelope>(rowSchema);
const isReported = ajv.compile<ReportedEvent>(reportedSchema);
const isExternalEvent = ajv.compile<ExternalEnvelope>(externalSchema);
const isParked = ajv.compile<ParkedEnvelope>(parkedSchema);

/**
 * Never throws. `null` is a record without a value (a tombstone of Kafka, which we never write).
 */
export function parseEnvelope(text: string | null): Parsed {
  const parsed = parseJson(text);
  if (!parsed.ok) return invalid('not_json', [parsed.problem], null);
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('not_an_object', ['/ must be object'], null);
  }
  const { schema_version: version, event_type: type, event_id: id } = value as Record<string, unknown>;
  const eventId = typeof id === 'string' ? id : null;
  if (version !== 1) return invalid('unknown_schema_version', ['/schema_version must be 1'], eventId);
  if (type === 'delivery.parked') {
    return isParked(value) ? { kind: 'parked', envelope: value } : rejected(isParked, eventId);
  }
  // An event of a system has three parts: stripe.customer.updated.
  if (typeof type === 'string' && ROW_EVENT.test(type)) {
    return isRow(value) ? ofRow(value, type, eventId) : rejected(isRow, eventId);
  }
  return isExternalEvent(value) ? { kind: 'external', envelope: value } : rejected(isExternalEvent, eventId);
}

const ROW_EVENT = /^[a-z][a-z0-9_]*\.(created|updated|deleted|linked)$/;

function ofRow(envelope: RowEnvelope, type: string, eventId: string | null): Parsed {
  const entityType = type.slice(0, type.indexOf('.'));
  const data = (envelope as Record<string, unknown>)[`${entityType}_data`];
  const id = typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined;
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0
    ? { kind: 'row', entityType, entityId: id, envelope }
    : invalid('invalid_envelope', [`/${entityType}_data/id must be a row's id`], eventId);
}

/** An event of an external system that no envelope is around: as an integration or our own table has it. */
export function parseReported(
  value: unknown,
): { ok: true; event: ReportedEvent } | { ok: false; problems: string[] } {
  return isReported(value)
    ? { ok: true, event: value }
    : { ok: false, problems: (isReported.errors ?? []).map(describe) };
}

function parseJson(text: string | null): { ok: true; value: unknown } | { ok: false; problem: string } {
  if (text === null) return { ok: false, problem: 'the record has no value' };
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch {
    // The parser's own message quotes the text, which may contain a name, and says no more than
    // this one.
    return { ok: false, problem: 'the value is not JSON' };
  }
}

function rejected<T>({ errors }: ValidateFunction<T>, eventId: string | null): Invalid {
  return invalid('invalid_envelope', (errors ?? []).map(describe), eventId);
}

function describe({ instancePath, message }: ErrorObject): string {
  return `${instancePath === '' ? '/' : instancePath} ${message ?? 'is not valid'}`;
}

function invalid(reason: Invalid['reason'], problems: string[], eventId: string | null): Invalid {
  return { kind: 'invalid', reason, problems, eventId };
}
