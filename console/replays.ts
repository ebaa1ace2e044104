// A replay: its state in words, how far it is, and a bar of it.

import type { Got } from './api.ts';
import { html, type Html } from './html.ts';
import { number, toned, type Tone } from './parts.ts';

export type Replay = Got<'/api/v1/replays'>[number];

const STATES: Record<Replay['state'], readonly [words: string, tone: Tone]> = {
  running: ['running', 'ok'],
  paused: ['paused', 'wait'],
  stopped: ['has stopped itself', 'bad'],
  cancelled: ['cancelled', 'plain'],
  finished: ['finished', 'ok'],
};

export function statePill({ state }: Replay): Html {
  const [words, tone] = STATES[state];
  return toned(tone, words);
}

export function isOver({ state }: Replay): boolean {
  return state === 'finished' || state === 'cancelled';
}

/** Pairs that have no result yet. */
export function leftOf({ queued, raised }: Replay): number {
  return queued + raised;
}

const WIDTH = 600;
const HEIGHT = 12;

/** What is done and what failed, as lengths; the words beside it say the same. */
export function bar(replay: Replay): Html {
  const { pairs, done, skipped, failed } = replay;
  const parts = [
    ['ok', done + skipped],
    ['bad', failed],
  ] as const;
  let from = 0;
  const drawn = parts.map(([tone, value]) => {
    const width = pairs === 0 ? 0 : (value / pairs) * WIDTH;
    const x = from;
    from += width;
    return (
      width > 0 &&
      html`<rect
        class="${tone}"
        x="${x.toFixed(1)}"
        y="0"
        width="${width.toFixed(1)}"
        height="${HEIGHT}"
      ></rect>`
    );
  });
  return html`<svg
    class="bar"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${progressOf(replay)}"
  >
    ${drawn}
  </svg>`;
}

export function progressOf(replay: Replay): string {
  const { pairs, done, failed, skipped, cancelled } = replay;
  const left = leftOf(replay);
  return [
    `${number(done)} of ${number(pairs)} done`,
    left > 0 && `${number(left)} left`,
    failed > 0 && `${number(failed)} failed`,
    skipped > 0 && `${number(skipped)} did not need it any more`,
    cancelled > 0 && `${number(cancelled)} cancelled`,
  ]
    .filter(Boolean)
    .join(', ');
}
