// Mapping documents of Toy: what a person at Toy has and takes is held against them when the process
// starts, so that a field that cannot be written stops the start instead of parking one customer at a
// time.
import { externalFields, parseDocument, parseStep } from '../../../../lib/catalogue/document.ts';
import type { FieldRule, MappingDocument } from '../../../../lib/catalogue/document.ts';
import type { Entities } from '../../../../lib/catalogue/entity.ts';
import { suggestion } from '../../../../lib/catalogue/near-names.ts';
import mapping from './customer.json' with { type: 'json' };
import { fieldNamed, HOLDS, personFields } from './fields.ts';

export const { externalType } = mapping;

const KNOWN = Object.keys(personFields);

/** The built-in document, checked whole. */
export function builtInDocument(entities?: Entities): MappingDocument {
  return parseDocument(mapping, { external: findToyProblems, ...(entities && { entities }) });
}

/** What a record is read for; the mail is what it is found by. */
export function namesToRead(document: MappingDocument): string[] {
  return [...new Set([...externalFields(document), 'mail'])];
}

/** What Toy cannot take of a document of well-formed fields, each with its place. */
export function findToyProblems({ system, externalType: type, fields }: MappingDocument): string[] {
  return [
    ...(system === 'toy' ? [] : [`/system: must be "toy", not "${system}"`]),
    ...(type === externalType ? [] : [`/externalType: must be "${externalType}", not "${type}"`]),
    ...fields.flatMap((rule, index) => [
      ...nameProblems(rule.external, `/fields/${index}/external`),
      ...rule.fallback.flatMap((step, at) =>
        nameProblems(parseStep(step).field, `/fields/${index}/fallback/${at}`),
      ),
      ...formProblems(rule, index),
    ]),
  ];
}

function nameProblems(field: string, at: string): string[] {
  if (fieldNamed(field)) return [];
  return [
    `${at}: a person at Toy has no field "${field}"${suggestion(field, KNOWN)} (it has: ${KNOWN.join(', ')})`,
  ];
}

function formProblems({ internal, external, maxLength, field }: FieldRule, index: number): string[] {
  const known = fieldNamed(external);
  if (!known) return [];
  const { form, maxLength: limit } = known;
  if (form !== 'string')
    return HOLDS[form].includes(field.type)
      ? []
      : [
          `/fields/${index}/external: ${external} is a ${form} at Toy, and ${internal} is of type ${field.type} here`,
        ];
  if (limit === null || (maxLength !== null && maxLength <= limit)) return [];
  return [
    `/fields/${index}/maxLength: Toy takes ${external} up to ${limit} characters, not ${maxLength ?? 'no limit'}`,
  ];
}
