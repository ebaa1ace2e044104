// The problems of a configuration, each with its place in the user's file.
import { pointerOf } from './check.ts';

export type Path = readonly (string | number)[];

export interface Problems {
  /** All of them so far: `/entities/customer/fields/phone/type: …`. */
  readonly all: readonly string[];
  add(path: Path, text: string): void;
  /** A problem whose place below the path is already in the text: `/field: …`. */
  addBelow(path: Path, text: string): void;
  /** Whether no problem has been found at the path or below it. */
  isSound(path: Path): boolean;
}

export function createProblems(): Problems {
  const all: string[] = [];
  const found: string[] = [];
  return {
    all,
    add(path, text) {
      const place = pointerOf(path);
      found.push(place);
      all.push(`${place === '' ? '/' : place}: ${text}`);
    },
    addBelow(path, text) {
      found.push(pointerOf(path) + (/^[^:]*/.exec(text)?.[0] ?? ''));
      all.push(pointerOf(path) + text);
    },
    isSound(path) {
      const place = pointerOf(path);
      return !found.some((each) => each === place || each.startsWith(`${place}/`));
    },
  };
}
