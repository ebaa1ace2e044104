import type { Output } from './output.ts';

export type Progress = {
  /** `fraction`: the part that is done, from 0 to 1, if it is known. */
  update: (done: number, fraction?: number) => void;
  end: () => void;
};

const BAR = 24;
const REDRAW_MS = 100;
/** The least time between two lines that are not on a terminal. */
const LINE_MS = 30_000;

/**
 * A bar on a terminal; elsewhere a line at most every 30 s, if something has changed since the last
 * line.
 */
export function createProgress(
  output: Pick<Output, 'canRedraw' | 'redraw'> & { say(text: string): unknown },
  what: string,
  now: () => number = () => performance.now(),
): Progress {
  let drawn = false;
  let lastText = '';
  let next = now() + (output.canRedraw ? REDRAW_MS : LINE_MS);
  return {
    update(done, fraction) {
      if (now() < next) return;
      const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)} %`;
      const text = `${done.toLocaleString('en-US')} ${what}${percent}`;
      if (!output.canRedraw && text === lastText) return;
      lastText = text;
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
