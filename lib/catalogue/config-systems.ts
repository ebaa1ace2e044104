// The mappings of a configuration: short rules become whole ones, are put to the built-in document
// of the system, and the document is checked as a whole. Every problem is named by its place in the
// user's file.
import { canonicalWhen, whenProblems, type Condition } from './condition.ts';
import type { Path, Problems } from './config-problems.ts';
import type { UserMapping, UserRule } from './define-config.ts';
import { readDocument, type FieldRule, type MappingDocument } from './document.ts';
import type { Entities, Entity, Field } from './entity.ts';
import { suggestion } from './near-names.ts';
import type { ExternalField, MappingsOfSystems, SystemMappings } from './system-mappings.ts';
import type { OwnTransforms } from './transforms.ts';
import { without } from '../without.ts';

/** The documents by system and entity. */
export type Documents = Readonly<Record<string, Readonly<Record<string, MappingDocument>>>>;

export interface SystemsContext {
  entities: Entities;
  systems: MappingsOfSystems;
  transforms: OwnTransforms;
  problems: Problems;
}

/** The documents of all systems: the built-in ones, for these entities and with these mappings. */
export function readSystems(
  declared: Readonly<Record<string, Readonly<Record<string, UserMapping>>>>,
  path: Path,
  context: SystemsContext,
): Documents {
  const { systems, problems } = context;
  const known = Object.keys(systems);
  for (const name of Object.keys(declared).filter((each) => !known.includes(each)))
    problems.add(
      [...path, name],
      `there is no system "${name}"${suggestion(name, known)} (there are: ${known.join(', ')})`,
    );
  return Object.fromEntries(
    Object.entries(systems).map(([name, system]) => {
      const given = Object.hasOwn(declared, name) ? declared[name] : undefined;
      return [name, readSystem(system, given ?? {}, [...path, name], context)];
    }),
  );
}

function readSystem(
  system: SystemMappings,
  given: Readonly<Record<string, UserMapping>>,
  path: Path,
  context: SystemsContext,
): Record<string, MappingDocument> {
  const documents = system.documents();
  const kinds = Object.keys(documents);
  for (const name of Object.keys(given).filter((each) => !kinds.includes(each)))
    context.problems.add(
      [...path, name],
      `${system.label} has no records for "${name}"${suggestion(name, kinds)} (it has: ${kinds.join(', ')})`,
    );
  return Object.fromEntries(
    Object.entries(documents).flatMap(([name, builtIn]) => {
      const entity = context.entities[name];
      if (entity === undefined) return [];
      const mapping = Object.hasOwn(given, name) ? (given[name] ?? {}) : {};
      const document = readMapping({ system, builtIn, entity, mapping, path: [...path, name] }, context);
      return document === null ? [] : [[name, document]];
    }),
  );
}

interface Mapping {
  system: SystemMappings;
  builtIn: MappingDocument;
  entity: Entity;
  mapping: UserMapping;
  path: Path;
}

function readMapping(parts: Mapping, context: SystemsContext): MappingDocument | null {
  const { system, builtIn, entity, path } = parts;
  const { rules, places } = mergeRules(parts, context);
  const condition = readCondition(parts, context);
  const { document, problems } = readDocument(
    { ...builtIn, fields: rules, condition },
    {
      entities: context.entities,
      transforms: context.transforms,
      external: system.findProblems,
    },
  );
  for (const problem of problems) {
    const [, index, rest = problem] = /^\/fields\/(\d+)(.*)$/s.exec(problem) ?? [];
    const place = index === undefined ? path : places[Number(index)];
    if (place) context.problems.addBelow(place, rest);
    else {
      const rule = rules[Number(index)]?.internal ?? entity.name;
      context.problems.add([...path, 'fields'], `the built-in rule of ${rule}${rest.replace(/^\/\w+/, '')}`);
    }
  }
  return document;
}

/** A rule as it is checked: that of the user may name what is not there. */
type Whole = Omit<FieldRule, 'own' | 'field'>;

/**
 * The built-in rules, of which those for the same internal field are replaced, and the others of
 * the user; with the place of each in the user's file, null for a built-in one.
 */
function mergeRules(
  { system, builtIn, entity, mapping, path }: Mapping,
  { problems, systems }: SystemsContext,
): { rules: Whole[]; places: (Path | null)[] } {
  const rules: Whole[] = builtIn.fields.map((rule) => without(rule, 'field', 'own'));
  const places: (Path | null)[] = rules.map(() => null);
  const { fields } = mapping;
  // Where it is no list, that has been named already.
  const given: readonly UserRule[] = Array.isArray(fields) ? (fields as readonly UserRule[]) : [];
  for (const [index, short] of given.entries()) {
    const place = [...path, 'fields', index];
    if (!problems.isSound(place)) continue;
    const external = system.fieldOf(entity.name, short.external);
    checkGroup(short, external, [...place, 'group'], problems, system.label);
    checkOwner(short, [...place, 'owner'], problems, Object.keys(systems));
    const at = rules.findIndex(({ internal }, each) => internal === short.internal && places[each] === null);
    const stood = at === -1 ? undefined : rules[at];
    const field = entity.fields.find(({ name }) => name === short.internal);
    const whole = completeRule(short, field, external, stood);
    rules.splice(at === -1 ? rules.length : at, at === -1 ? 0 : 1, whole);
    places.splice(at === -1 ? places.length : at, at === -1 ? 0 : 1, place);
  }
  return { rules, places };
}

/**
 * A whole rule. What is not said is as in the built-in rule for the same two fields, if there is
 * one.
 */
function completeRule(
  short: UserRule,
  field: Field | undefined,
  external: ExternalField | undefined,
  stood?: Whole,
): Whole {
  const said = Object.fromEntries(Object.entries(short).filter(([key]) => key !== 'group'));
  const defaults: Omit<Whole, 'internal' | 'external'> =
    stood?.external === short.external
      ? stood
      : {
          direction: 'both',
          conflict: 'internal_wins',
          onNull: field?.required === false ? 'clear' : 'keep',
          ...{ toExternal: [], toInternal: [], fallback: [] },
          compare: [field?.type === 'email' ? 'lower' : 'exact'],
          maxLength: external?.maxLength ?? null,
          owner: null,
          ...(external?.unset === undefined ? {} : { unset: external.unset }),
        };
  return { ...defaults, ...structuredClone(said as Partial<Whole> & Pick<Whole, 'internal' | 'external'>) };
}

function checkGroup(
  { group, external }: UserRule,
  field: { group: string | null } | undefined,
  place: Path,
  problems: Problems,
  label: string,
): void {
  if (group === undefined || field === undefined || group === field.group) return;
  problems.add(
    place,
    field.group === null
      ? `${label} takes ${external} by itself; leave the group out`
      : `${label} takes ${external} in the group "${field.group}", not "${group}"`,
  );
}

function checkOwner({ owner }: UserRule, place: Path, problems: Problems, systems: readonly string[]): void {
  const known = ['internal', ...systems];
  if (owner === undefined || owner === null || known.includes(owner)) return;
  problems.add(place, `must be one of ${known.join(', ')}, not "${owner}"${suggestion(owner, known)}`);
}

function readCondition({ entity, mapping, path }: Mapping, { problems }: SystemsContext): Condition | null {
  const { when, onLeave = 'detach' } = mapping;
  if (when === undefined) {
    if (mapping.onLeave !== undefined && problems.isSound([...path, 'when']))
      problems.add([...path, 'onLeave'], 'belongs to a condition; say "when" too, or remove it');
    return null;
  }
  const place = [...path, 'when'];
  if (!problems.isSound(place)) return null;
  if (!('is' in when || 'not' in when || 'in' in when)) return null;
  for (const problem of whenProblems(when, entity)) problems.addBelow(place, problem);
  return { when: canonicalWhen(when, entity), onLeave };
}
