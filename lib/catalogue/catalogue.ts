// The catalogue of an installation: its entities and the mapping documents of its systems, made of
// the built-in ones and of what the user's configuration says.
import { AppError } from '../errors.ts';
import { builtInEntities } from './built-in.ts';
import { readEntities } from './config-entities.ts';
import { checkForm } from './config-form.ts';
import { createProblems, type Problems } from './config-problems.ts';
import { readSystems, type Documents } from './config-systems.ts';
import type { UserConfig } from './define-config.ts';
import type { MappingDocument } from './document.ts';
import type { Entities } from './entity.ts';
import { readTransforms } from './own-transforms.ts';
import { plainCopy } from './plain-data.ts';
import type { MappingsOfSystems } from './system-mappings.ts';
import type { OwnTransforms } from './transforms.ts';

export interface Catalogue {
  readonly entities: Entities;
  /** By system and entity; a system that is missing has its built-in documents. */
  readonly systems: Documents;
  /** Those of the user's own, by name; the rules that name them carry them too. */
  readonly transforms: OwnTransforms;
}

/** The catalogue that stands without a configuration. */
export const builtIn: Catalogue = { entities: builtInEntities, systems: {}, transforms: {} };

/** The document of the catalogue, or the one that is built in. */
export function documentIn(
  { systems }: Catalogue,
  { system, entity }: { system: string; entity: string },
  builtInDocument: () => MappingDocument,
): MappingDocument {
  return systems[system]?.[entity] ?? builtInDocument();
}

/**
 * The catalogue of a configuration, which may be anything. Throws `config_invalid` with every
 * problem and its place: `/entities/customer/fields/phone/type: …`.
 */
export function parseConfig(candidate: unknown, systems: MappingsOfSystems): Catalogue {
  const { catalogue, problems } = readConfig(candidate, systems);
  if (problems.length > 0) throw new AppError('config_invalid', { detail: problems.join('\n') });
  return catalogue;
}

/** The catalogue, and every problem with its place; with any problem it must not be used. */
export function readConfig(
  candidate: unknown,
  systems: MappingsOfSystems,
): { catalogue: Catalogue; problems: readonly string[] } {
  const problems = createProblems();
  const given = plainCopy(candidate, problems);
  const { transforms: functions, ...data } = isObject(given) ? given : { transforms: undefined };
  if (problems.isSound([]) || isObject(given)) checkForm(isObject(given) ? data : given, problems);
  const transforms = readTransforms(functions, ['transforms'], problems);
  const { entities: declared, systems: mapped } = sound(data, problems);
  const entities = readEntities(declared, ['entities'], problems);
  const documents = readSystems(mapped, ['systems'], { entities, systems, transforms, problems });
  return { catalogue: { entities, systems: documents, transforms }, problems: problems.all };
}

type Sound = { entities: NonNullable<UserConfig['entities']>; systems: NonNullable<UserConfig['systems']> };

/**
 * The parts that have the form of a configuration. What lies in a part without that form has been
 * named already, and is left out.
 */
function sound(data: Record<string, unknown>, problems: Problems): Sound {
  const clean = (value: unknown, path: readonly string[]): unknown => {
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]) => {
        const place = [...path, key];
        if (problems.isSound(place)) return [[key, member]];
        return isObject(member)
          ? [[key, clean(member, place)]]
          : Array.isArray(member)
            ? [[key, member]]
            : [];
      }),
    );
  };
  const { entities = {}, systems = {} } = clean(data, []) as Partial<Sound>;
  return { entities, systems };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
