import type { Output } from './output.ts';

export type Progress = {
  /** `fraction` of the whole, 0 to 1, where it is known. */
  update: (done: number, fraction?: number) => void;
  end: () => void;
};

const BAR = 24;
const REDRAW_MS = 100;
/** For a log: a line says something new, or is not written. */
const LINE_MS = 30_000;

/** A bar on a terminal; elsewhere a line at most every 30 s, where something changed since the last one. */
export function createProgress(
  output: Pick<Output, 'canRedraw' | 'redraw'> & { say(text: string): unknown },
  what: string,
  now: () => number = () => performance.now(),
): Progress {
  let drawn = false;
  let said = '';
  let next = now() + (output.canRedraw ? REDRAW_MS : LINE_MS);
  return {
    update(done, fraction) {
      if (now() < next) return;
      const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)} %`;
      const text = `${done.toLocaleString('en-US')} ${what}${percent}`;
      if (!output.canRedraw && text === said) return;
      said = text;
      next = now() + (output.canRedraw ? REDRAW_MS : LINE_MS);
      if (!output.canRedraw) return output.say(text);
      drawn = true;
      output.redraw(fraction === undefined ? text : `${bar(fraction)} ${text}`);
    },
    end() {
      if (drawn) output.redraw('');
    },
  };
}

function bar(fraction: number): string {
  const full = Math.round(Math.min(1, fraction) * BAR);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
}
