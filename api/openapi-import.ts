// The import in the OpenAPI document. OpenAPI 3.1 has no schema for a stream: that of one line stands in
// x-line-schema of the answer.
import type { Entity } from '../lib/catalogue/entity.ts';
import { MAX_LINE } from '../lib/customers/import/ndjson.ts';
import { importTypes } from './import-body.ts';
import { importLineSchema, importQuerySchemaOf } from './import-schemas.ts';
import { queryParameters, write, type Json } from './openapi-parts.ts';

const rows = {
  'text/csv':
    'A header that names the columns, and a row for each customer; in UTF-8, UTF-16 or the charset of the Content-Type.',
  'application/x-ndjson': `On each line the object that creates a customer, of at most ${MAX_LINE} bytes, in UTF-8.`,
};

const examples = {
  'text/csv': 'name,email\nAda Lovelace,ada@example.org\nBo Lee,bo@example.org\n',
  'application/x-ndjson':
    '{"name":"Ada Lovelace","email":"ada@example.org"}\n{"name":"Bo Lee","email":"bo@example.org"}\n',
};

const answered = [
  { type: 'refused', line: 3, code: 'invalid_row', message: 'email is missing', errors: [] },
  {
    ...{ type: 'summary', dry_run: false, rows: 3, created: 2, updated: 0, skipped: 0 },
    ...{ different: 0, refused: 1, repeated: 0 },
  },
];

/** `entity`: what a customer is in this installation. */
export function importPath(entity: Entity): Json {
  const lines = answered.map((line) => `${JSON.stringify(line)}\n`).join('');
  const made = {
    description:
      'NDJSON, written while the rows are read: a line for each row that is not plainly in the database, and at the end the summary, or why the import stopped. An answer without either broke off. `x-line-schema` is the schema of a line.',
    headers: {},
    content: {
      'application/x-ndjson': {
        schema: { type: 'string' },
        example: lines,
        'x-line-schema': importLineSchema,
      },
    },
  };
  return {
    post: write('importCustomers', 'Creates or changes many customers, row by row, while they arrive', {
      scope: 'editor',
      parameters: queryParameters(importQuerySchemaOf(entity)),
      requestBody: {
        required: true,
        content: Object.fromEntries(
          importTypes.map((type) => [
            type,
            { schema: { type: 'string', description: rows[type] }, example: examples[type] },
          ]),
        ),
      },
      responses: { 200: made },
      problems: [
        ...(['invalid_request', 'malformed_request', 'malformed_body'] as const),
        ...(['unsupported_media_type', 'too_many_imports'] as const),
      ],
    }),
  };
}
