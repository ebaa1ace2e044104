// What the query of /customers/import may contain, and the lines of its answer: for the checks and for the
// API document.
import { targets } from '../lib/customers/import/columns.ts';
import type { Entity } from '../lib/catalogue/entity.ts';
import { customerIdSchema } from './customer-schemas.ts';

export type ImportQuery = {
  on_existing?: 'report' | 'update' | 'skip';
  dry_run?: 'true' | 'false';
  delimiter?: string;
  names_from_email?: 'true' | 'false';
} & Record<string, string>;

/** Before the name of a field: which column of a CSV file holds it. */
export const COLUMN = 'column_';

/** The fields that a column of a CSV file can hold. */
export const columnFieldsOf = ({ fields }: Pick<Entity, 'fields'>): string[] => [
  ...new Set([...targets, ...fields.map(({ name }) => name)]),
];

export function importQuerySchemaOf(entity: Entity) {
  const columns = columnFieldsOf(entity).map((field) => [
    COLUMN + field,
    {
      ...{ type: 'string', minLength: 1, maxLength: 1_000 },
      description: `CSV: the column that holds ${field.replace('_', ' ')}, by its name or its position from 1, if it is not recognised.`,
    },
  ]);
  return { ...QUERY, properties: { ...QUERY.properties, ...(Object.fromEntries(columns) as object) } };
}

const yesNo = (description: string) => ({ type: 'string', enum: ['true', 'false'], description });

const QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    on_existing: {
      type: 'string',
      enum: ['report', 'update', 'skip'],
      description:
        'What happens to an existing customer with other values: report (without this parameter) leaves it and names the row, skip leaves it and counts the row, update changes it.',
    },
    dry_run: yesNo('true: nothing is written, and the answer says of each row what an import would do.'),
    delimiter: {
      type: 'string',
      pattern: '^(tab|[^"\\r\\n])$',
      description: 'CSV: the character between the fields, if it is not recognised; tab for a tabulator.',
      'x-problem': 'must be one character and not a quote; write tab for a tabulator',
    },
    names_from_email: yesNo(
      'CSV: true accepts a file without names; the part of the email before the @ becomes the name.',
    ),
  },
} as const;

const line = { type: 'integer', minimum: 1, description: 'The line on which the row begins, from 1.' };
const count = { type: 'integer', minimum: 0 };
const message = { type: 'string' };

const counts = {
  rows: { ...count, description: 'Rows that are done.' },
  ...{ created: count, updated: count },
  skipped: { ...count, description: 'Rows of customers that had these values.' },
  different: { ...count, description: 'Rows of customers with other values, which were not changed.' },
  refused: count,
  repeated: {
    ...count,
    description: 'In a dry run: rows of a customer that an earlier row would have written.',
  },
};

const lineOf = (
  type: string,
  description: string,
  properties: Record<string, object>,
  optional?: object,
) => ({
  type: 'object',
  description,
  required: ['type', ...Object.keys(properties)],
  properties: { type: { const: type }, ...properties, ...optional },
});

export const stopCodes = [
  ...(['server_stopping', 'body_idle', 'answer_idle', 'time_limit', 'key_ended'] as const),
  ...(['dry_run_too_long', 'malformed_body', 'idempotency_key_in_use', 'idempotency_key_reused'] as const),
  ...(['database_unavailable', 'internal_error'] as const),
] as const;
export type StopCode = (typeof stopCodes)[number];

const refusedLine = lineOf(
  'refused',
  'A row that was not written. Decide by code.',
  {
    line,
    code: {
      type: 'string',
      enum: ['malformed_row', 'invalid_row', 'row_refused', 'row_conflicts', 'row_swallowed', 'contended'],
    },
    message,
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'code', 'detail'],
        properties: {
          field: { type: 'string' },
          column: { type: 'string', description: 'CSV: the name of the column.' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
  },
  { rule: { type: ['string', 'null'], description: 'The rule of the table that refuses the row.' } },
);

/** One line of the answer. */
export const importLineSchema = {
  oneOf: [
    lineOf('columns', 'CSV: how the header was read.', {
      line,
      used: { type: 'object', additionalProperties: { type: 'string' } },
      unused: { type: 'array', items: { type: 'string' } },
    }),
    lineOf('resumed', 'With an Idempotency-Key: what an earlier request has done already.', counts),
    refusedLine,
    lineOf('different', 'A row of an existing customer with other values, which was not changed.', {
      line,
      customer_id: customerIdSchema,
      fields: { type: 'array', items: { type: 'string' } },
      message,
    }),
    lineOf(
      'would',
      'Only in a dry run: what an import would do with the row. follow: it is of the customer of an earlier row, of_line, and depends on what becomes of that.',
      { line, action: { type: 'string', enum: ['create', 'update', 'skip', 'follow'] } },
      { customer_id: customerIdSchema, of_line: line },
    ),
    lineOf('progress', 'At most once a second.', counts),
    lineOf('summary', 'The last line of an import whose body was read to its end.', {
      dry_run: { type: 'boolean' },
      ...counts,
    }),
    lineOf('stopped', 'The last line of an import that ended before its body did. Send it again.', {
      code: { type: 'string', enum: [...stopCodes] },
      message,
      ...counts,
    }),
  ],
};
