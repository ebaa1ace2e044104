import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { openApiDocument } from '../../api/openapi.ts';
import type { Answer } from './start-api.ts';

type Described = { content?: Record<string, { schema: object }> };
type Document = { paths: Record<string, Record<string, { responses: Record<string, Described> }>> };

const document = JSON.parse(JSON.stringify(openApiDocument())) as Document;
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(document, 'api');

/** Asserts that the API document describes this answer of this route: status, type and shape. */
export function expectDescribed(method: string, path: string, answer: Answer): void {
  const name = `${method} ${path} ${answer.status}`;
  const described = document.paths[path]?.[method]?.responses[answer.status];
  expect(described, name).to.be.an('object');
  const type = answer.headers.get('Content-Type')?.split(';')[0] ?? '';
  expect(Object.keys(described?.content ?? {}), name).to.include(type);
  const place = ['paths', path, method, 'responses', String(answer.status), 'content', type, 'schema'];
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/');
  expect(ajv.validate(`api#/${pointer}`, JSON.parse(answer.text)), `${name}: ${ajv.errorsText()}`).to.equal(
    true,
  );
}
