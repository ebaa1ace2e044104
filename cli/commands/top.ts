import { InvalidArgumentError } from 'commander';
import { sleep } from '../../lib/loop.ts';
import { trafficJson, type Traffic } from '../../lib/operations/traffic.ts';
import { listenForStop } from '../../lib/process/stopping.ts';
import type { CommandContext } from '../command-context.ts';
import { exit } from '../exit.ts';
import type { Output } from '../output.ts';
import { toSeconds } from '../seconds.ts';
import { systemOption } from '../systems.ts';
import { topLines } from '../top-report.ts';
import { withSource } from '../with-source.ts';

type Options = { system?: string; every: number; once?: boolean; json?: boolean };

export function addTop({ program, output, finish, systems }: CommandContext): void {
  program
    .command('top')
    .addOption(systemOption(systems))
    .option('--every <seconds>', `how often the picture is drawn anew, from ${LEAST_S} on`, toInterval, 1)
    .option('--once', 'print one picture and end, as without a terminal')
    .option('--json', 'print one object a line')
    .addHelpText(
      'after',
      `
Rates are of the last minute. \`rate\` is the part of the full rate that is used: less than 100 % after the system has refused
calls. Ctrl-C ends the command.

Examples:
  $ npx twinbox top
  $ npx twinbox top --once --json | jq '.lanes[] | {system, state}'`,
    )
    .action(async ({ system, every, once = false, json = false }: Options) => {
      const isLive = !once && output.canDraw;
      await withSource(systems, async (source) => {
        const read = (): Promise<Traffic> => source.traffic(system);
        if (isLive) await watch(read, { everyMs: every * 1_000, json, output });
        else show(await read(), json, output);
      });
      finish(exit.ok);
    });
}

/** Each picture asks the database or the API. */
const LEAST_S = 0.2;

function toInterval(text: string): number {
  const seconds = toSeconds(text);
  if (seconds < LEAST_S) throw new InvalidArgumentError(`It must be a number of seconds from ${LEAST_S} on.`);
  return seconds;
}

function show(traffic: Traffic, json: boolean, output: Output): void {
  if (json) output.printJsonLine(trafficJson(traffic));
  else for (const line of topLines(traffic)) output.print(line);
}

/** Until a signal, or until the terminal is closed. */
async function watch(
  read: () => Promise<Traffic>,
  { everyMs, json, output }: { everyMs: number; json: boolean; output: Output },
): Promise<void> {
  const stopping = listenForStop();
  const stop = new AbortController();
  void Promise.race([stopping.requested, output.gone]).then(() => stop.abort());
  try {
    while (!stop.signal.aborted) {
      const traffic = await read();
      if (json) show(traffic, json, output);
      else output.draw(topLines(traffic));
      await sleep(everyMs, stop.signal);
    }
  } finally {
    stopping.dispose();
  }
}
