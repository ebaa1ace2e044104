// A configuration as plain data. A file of TypeScript can give anything: what is no plain object has
// no keys of its own where a Promise or a Map stands, and would count as an empty configuration.
import { sayThrown } from '../thrown.ts';
import type { Path, Problems } from './config-problems.ts';

/**
 * A copy that consists of plain objects and lists; other values, such as functions, are in it as
 * they are. Each object that is not plain, and each key that cannot be read, is a problem, and is
 * left out. Everything is read once: what a getter gives later changes nothing.
 */
export function plainCopy(given: unknown, problems: Problems): unknown {
  return copy(given, [], [], problems);
}

/** A pair of transforms may be an instance of a class: own-transforms.ts reads its two functions. */
const isPair = (path: Path): boolean => path.length === 2 && path[0] === 'transforms';

function copy(given: unknown, path: Path, above: readonly object[], problems: Problems): unknown {
  if (typeof given !== 'object' || given === null || isPair(path)) return given;
  if (above.includes(given)) return refuse(path, 'leads back to an object that it lies in', problems);
  const kind = kindOf(given);
  if (kind !== null) return refuse(path, kind, problems);
  const within = [...above, given];
  if (Array.isArray(given)) return given.map((each, at) => copy(each, [...path, at], within, problems));
  return Object.fromEntries(
    Object.keys(given).flatMap((key) => {
      const place = [...path, key];
      const read = readKey(given, key);
      if ('problem' in read) return (refuse(place, read.problem, problems), []);
      const value = copy(read.value, place, within, problems);
      return value === LEFT_OUT ? [] : [[key, value] as const];
    }),
  );
}

const LEFT_OUT = Symbol('left out');

function refuse(path: Path, why: string, problems: Problems): typeof LEFT_OUT {
  problems.add(path, why);
  return LEFT_OUT;
}

function readKey(from: object, key: string): { value: unknown } | { problem: string } {
  try {
    return { value: (from as Record<string, unknown>)[key] };
  } catch (error) {
    return { problem: `cannot be read: it throws ${sayThrown(error)}` };
  }
}

/** What an object is that is not plain, and what to write instead; null for a plain one and a list. */
function kindOf(given: object): string | null {
  if (given instanceof Promise)
    return 'is a Promise, and nothing waits for it; give the object itself, which must be there at once';
  const prototype: unknown = Object.getPrototypeOf(given);
  if (Array.isArray(given) || prototype === null || prototype === Object.prototype) return null;
  const { name } = given.constructor;
  return `is an instance of ${name === '' ? 'a class' : name}; write a plain object: { … }`;
}
