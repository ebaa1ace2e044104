// Two values character by character: what differs is marked, and what an eye cannot tell apart is drawn with its
// code: spaces at the ends or of another kind, marks of direction, and letters that look like others.

import { html, type Html, type Part } from './html.ts';
import { number } from './parts.ts';

/** A stretch of a value: the same on both sides, or not. */
type Run = { text: readonly string[]; differs: boolean; alike: boolean };

/** Made with the first value: it takes 18 ms, and most processes show none. */
let segmenter: Intl.Segmenter | undefined;

/** Beyond so many characters only the beginnings and ends are compared. */
const MOST_COMPARED = 300;
/** Fewer equal characters between two differences are marked with them: less to read. */
const JOINED = 3;
/** Of a longer stretch only the ends are shown. */
const MOST_SHOWN = 120;
/** A letter can carry any number of marks. */
const MOST_MARKS = 20;
/** So much of the end of a value is looked at for spaces. */
const MOST_END = 200;

/** A value, with what differs from `other` marked; without another one nothing is marked, and signs are drawn. */
export function compared(given: unknown, other: unknown = null): Html {
  if (isEmpty(given)) return html`<em>empty</em>`;
  const text = textOf(given);
  const runs = isEmpty(other)
    ? [{ text: charactersOf(text), differs: false, alike: false }]
    : runsOf(charactersOf(text), charactersOf(textOf(other)));
  const ends = { start: leading(text), end: text.length - trailing(text) };
  let at = 0;
  const parts = runs.map((run) => {
    const from = at;
    at += run.text.join('').length;
    const shown = runShown(run, { from, ends, text });
    return run.differs ? html`<mark>${shown}</mark>` : shown;
  });
  return html`<bdi>${parts}</bdi>`;
}

/** Whether the two look the same, and are not. */
export function looksTheSame(one: unknown, other: unknown): boolean {
  if (isEmpty(one) || isEmpty(other)) return false;
  const [a, b] = [textOf(one), textOf(other)];
  return a !== b && folded(a) === folded(b);
}

function isEmpty(given: unknown): boolean {
  return given === null || given === undefined || given === '';
}

function textOf(given: unknown): string {
  return typeof given === 'string' ? given : JSON.stringify(given);
}

function charactersOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** The stretches of `mine`; the equal ends first, since most values differ in one place. */
function runsOf(mine: readonly string[], theirs: readonly string[]): Run[] {
  let [head, tail] = [0, 0];
  const shortest = Math.min(mine.length, theirs.length);
  while (head < shortest && mine[head] === theirs[head]) head += 1;
  while (tail < shortest - head && mine.at(-1 - tail) === theirs.at(-1 - tail)) tail += 1;
  const [middle, against] = [mine.slice(head, mine.length - tail), theirs.slice(head, theirs.length - tail)];
  const same = (text: readonly string[]): Run => ({ text, differs: false, alike: false });
  return [
    same(mine.slice(0, head)),
    ...middleRuns(middle, against),
    same(mine.slice(mine.length - tail)),
  ].filter(({ text }) => text.length > 0);
}

function middleRuns(mine: readonly string[], theirs: readonly string[]): Run[] {
  const isLong = Math.max(mine.length, theirs.length) > MOST_COMPARED;
  const pairs = isLong ? [] : commonOf(mine, theirs);
  const hunks = hunksOf(pairs, [mine.length, theirs.length]);
  const runs: Run[] = [];
  let at = 0;
  for (const { from, to, against } of hunks) {
    const [text, other] = [mine.slice(from, to), theirs.slice(against[0], against[1])];
    runs.push({ text: mine.slice(at, from), differs: false, alike: false });
    runs.push({ text, differs: true, alike: folded(text.join('')) === folded(other.join('')) });
    at = to;
  }
  return [...runs, { text: mine.slice(at), differs: false, alike: false }];
}

type Hunk = { from: number; to: number; against: [number, number] };

/** What stands between the common characters, on either side; differences that stand close are one. */
function hunksOf(pairs: readonly [number, number][], [mine, theirs]: [number, number]): Hunk[] {
  const hunks: Hunk[] = [];
  let [a, b] = [0, 0];
  for (const [i, j] of [...pairs, [mine, theirs] as const]) {
    if (i > a || j > b) {
      const last = hunks.at(-1);
      const hunk: Hunk = { from: a, to: i, against: [b, j] };
      if (last && a - last.to < JOINED) Object.assign(last, { to: i, against: [last.against[0], j] });
      else hunks.push(hunk);
    }
    [a, b] = [i + 1, j + 1];
  }
  return hunks;
}

/** The places of a longest common sequence. */
function commonOf(mine: readonly string[], theirs: readonly string[]): [number, number][] {
  const wide = theirs.length + 1;
  const longest = new Uint16Array((mine.length + 1) * wide);
  const at = (i: number, j: number): number => longest[i * wide + j] ?? 0;
  for (let i = mine.length - 1; i >= 0; i -= 1)
    for (let j = theirs.length - 1; j >= 0; j -= 1)
      longest[i * wide + j] =
        mine[i] === theirs[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < mine.length && j < theirs.length;) {
    if (mine[i] === theirs[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}

type Place = { from: number; ends: { start: number; end: number }; text: string };

function runShown({ text, alike, differs }: Run, { from, ends, text: whole }: Place): Part {
  const isOnlySpaces = differs && text.every((each) => each === ' ' || UNSEEN.test(each));
  const draw = (characters: readonly string[], start: number): Part => {
    let at = start;
    return repeatsOf(characters).map(([character, times]) => {
      const isAtEnd = at < ends.start || at >= ends.end;
      const isMixed = TWINS.has(character) && /[A-Za-z]/.test(wordAround(whole, at));
      const isSecond = whole[at - 1] === ' ';
      at += character.length * times;
      return characterShown(character, {
        times,
        isSpaceDrawn: isAtEnd || isOnlySpaces || isSecond,
        isCodeDrawn: alike || isMixed,
      });
    });
  };
  if (text.length <= MOST_SHOWN) return draw(text, from);
  const half = MOST_SHOWN / 2;
  const later = from + text.slice(0, -half).join('').length;
  return [
    draw(text.slice(0, half), from),
    html`<span class="quiet">… ${number(text.length - MOST_SHOWN)} more …</span>`,
    draw(text.slice(-half), later),
  ];
}

/** A character that cannot be seen and stands many times is drawn once. */
function repeatsOf(characters: readonly string[]): [character: string, times: number][] {
  const found: [string, number][] = [];
  for (const character of characters) {
    const last = found.at(-1);
    if (last?.[0] === character && UNSEEN.test(character)) last[1] += 1;
    else found.push([character, 1]);
  }
  return found;
}

const UNSEEN = /^[\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u034f]/u;

function characterShown(
  whole: string,
  { times, isSpaceDrawn, isCodeDrawn }: { times: number; isSpaceDrawn: boolean; isCodeDrawn: boolean },
): Part {
  const character = whole.length > MOST_MARKS ? Array.from(whole).slice(0, MOST_MARKS).join('') : whole;
  const often = times > 1 && ` × ${times}`;
  if (character === ' ') return isSpaceDrawn ? sign('space', '␣') : ' ';
  if (/^\p{Zs}/u.test(character)) return sign('a space of another kind', codesOf(character));
  if (UNSEEN.test(character)) return sign('a character that cannot be seen', [codesOf(character), often]);
  if (isCodeDrawn && !/^[\x20-\x7e]*$/.test(character))
    return [character, sign('looks like another character', codesOf(character))];
  return character;
}

function sign(title: string, text: Part): Html {
  return html`<i class="sign" title="${title}">${text}</i>`;
}

function codesOf(character: string): string {
  return Array.from(
    character,
    (each) => `U+${(each.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  ).join(' ');
}

/** Letters of other scripts that look like Latin ones in most fonts, each under its Latin twin. */
const TWINS = new Map(
  Object.entries({
    a: 'аα',
    c: 'сϲ',
    d: 'ԁ',
    e: 'еҽ',
    g: 'ɡ',
    h: 'һ',
    i: 'іιı',
    j: 'ј',
    k: 'κк',
    l: 'ӏ',
    n: 'ո',
    o: 'оοօ',
    p: 'рρ',
    q: 'ԛ',
    s: 'ѕ',
    u: 'υս',
    v: 'νѵ',
    w: 'ԝω',
    x: 'хχ',
    y: 'уγ',
    A: 'АΑ',
    B: 'ВΒ',
    C: 'СϹ',
    E: 'ЕΕ',
    H: 'НΗ',
    I: 'ІΙӀ',
    J: 'Ј',
    K: 'КΚ',
    M: 'МΜ',
    N: 'Ν',
    O: 'ОΟ',
    P: 'РΡ',
    S: 'Ѕ',
    T: 'ТΤ',
    X: 'ХΧ',
    Y: 'ҮΥ',
    Z: 'Ζ',
  }).flatMap(([latin, twins]) => Array.from(twins, (twin) => [twin, latin] as const)),
);

/** As an eye sees it: without what cannot be seen, one space for all kinds, Latin for what looks Latin. */
function folded(text: string): string {
  return Array.from(text.normalize('NFKC'), (each) => TWINS.get(each) ?? each)
    .join('')
    .replaceAll(/[\p{Cf}\p{Cc}\u034f\ufe00-\ufe0f]/gu, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function wordAround(text: string, at: number): string {
  const before = /[\p{L}\p{M}]*$/u.exec(text.slice(Math.max(0, at - 40), at))?.[0] ?? '';
  return before + (/^[\p{L}\p{M}]*/u.exec(text.slice(at, at + 40))?.[0] ?? '');
}

function leading(text: string): number {
  return /^[\s\p{Cf}\p{Cc}]*/u.exec(text)?.[0].length ?? 0;
}

function trailing(text: string): number {
  return /[\s\p{Cf}\p{Cc}]*$/u.exec(text.slice(-MOST_END))?.[0].length ?? 0;
}
