// Transforms of the user's own: tried out on samples at the start, since one that breaks the law of
// transforms would make two values differ for ever.
import { sayThrown } from '../thrown.ts';
import type { Problems, Path } from './config-problems.ts';
import { carryNames, type OwnTransform, type OwnTransforms, type Way } from './transforms.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

const SAMPLES: readonly string[] = [
  ...['Ada Lovelace', 'ada@example.com', 'ADA@EXAMPLE.COM', 'a', 'A b  C', '+41 44 123 45 67', '42', '-0.50'],
  ...[
    '2026-01-31',
    'true',
    'Zürich',
    'STRASSE straße',
    'İstanbul',
    'e\u0301',
    '漢字',
    '👩‍💻',
    'x, y; z',
    'a/b|c',
  ],
  'long '.repeat(60).trim(),
];

/** The transforms, by name; those that break the law are problems. */
export function readTransforms(given: unknown, path: Path, problems: Problems): OwnTransforms {
  if (given === undefined) return {};
  if (!isObject(given)) {
    problems.add(path, 'must be an object of transforms by name');
    return {};
  }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, pair]) => {
      // One with a problem keeps its name, so that the rules that name it are not reported too.
      const own = readPair(name, pair, [...path, name], problems) ?? { toExternal: same, toInternal: same };
      return [[name, own]];
    }),
  );
}

const same = (text: string): string => text;

function readPair(name: string, pair: unknown, path: Path, problems: Problems): OwnTransform | null {
  if (!NAME.test(name) || name === 'constructor')
    problems.add(
      path,
      'the name of a transform has letters, digits and underscores, and begins with a letter',
    );
  else if (carryNames.includes(name)) problems.add(path, `"${name}" is a transform of Twinbox itself`);
  if (!isObject(pair)) {
    problems.add(path, 'must be an object with the functions toExternal and toInternal');
    return null;
  }
  for (const key of Object.keys(pair).filter((each) => each !== 'toExternal' && each !== 'toInternal'))
    problems.add([...path, key], 'is not a key that there is here (the keys are: toExternal, toInternal)');
  const ways = { toExternal: pair['toExternal'], toInternal: pair['toInternal'] };
  for (const way of ['toExternal', 'toInternal'] as const) {
    const why =
      typeof ways[way] === 'function' ? whyUnfit(ways[way] as OwnTransform[Way]) : 'must be a function';
    if (why !== null) problems.add([...path, way], why);
  }
  return problems.isSound(path) ? (ways as OwnTransform) : null;
}

/** The first law that the function breaks on a sample; null if it keeps them. */
function whyUnfit(transform: OwnTransform[Way]): string | null {
  const first = SAMPLES.map((sample) => answerOf(transform, sample));
  // In the other order, to find a function that remembers.
  const second = SAMPLES.toReversed()
    .map((sample) => answerOf(transform, sample))
    .reverse();
  for (const [at, answer] of first.entries()) {
    const sample = JSON.stringify(SAMPLES[at]?.slice(0, 40));
    if ('problem' in answer) return `${answer.problem} ${sample}`;
    const again = second[at];
    if (!again || 'problem' in again || again.text !== answer.text)
      return `is not pure: asked a second time about ${sample} it gives another answer`;
    const twice = answerOf(transform, answer.text);
    if ('problem' in twice || twice.text !== answer.text)
      return `applied twice to ${sample} it does not give the same as once`;
  }
  return null;
}

function answerOf(transform: OwnTransform[Way], sample: string): { text: string } | { problem: string } {
  try {
    // No type has checked what the user's function gives back.
    const answer: unknown = transform(sample);
    if (typeof answer === 'string') return { text: answer };
    const kind = answer === null ? 'null' : answer instanceof Promise ? 'a promise' : typeof answer;
    return { problem: `must give a text back; it gives ${kind} for` };
  } catch (error) {
    return { problem: `throws ${sayThrown(error)} for` };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
