import type { Output } from './output.ts';

export type Progress = {
  /** `fraction` of the whole, 0 to 1, where it is known. */
  update: (done: number, fraction?: number) => void;
  end: () => void;
};

const BAR = 24;
const REDRAW_MS = 100;
const LINE_MS = 5_000;

/** A bar on a terminal; elsewhere a line every few seconds, so that a log says that it goes on. */
export function createProgress(output: Output, what: string): Progress {
  let drawn = false;
  let next = performance.now() + (output.canRedraw ? REDRAW_MS : LINE_MS);
  return {
    update(done, fraction) {
      if (performance.now() < next) return;
      next = performance.now() + (output.canRedraw ? REDRAW_MS : LINE_MS);
      const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)} %`;
      const text = `${done.toLocaleString('en-US')} ${what}${percent}`;
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
