// Shows the whole of Twinbox once on real data, with a crash in the middle. Each step waits for the
// result that it announces, with a deadline, and throws if the result is another one. So the demo
// ends with status 0 only if every step succeeded.
import { relative } from 'node:path';
import { emptyFolder } from '../embedded/empty.ts';
import { CliError, exit } from '../exit.ts';
import { explain } from '../failure.ts';
import type { Output } from '../output.ts';
import { claimFolder } from '../running.ts';
import { sleep } from '../../lib/loop.ts';
import { listenForStop } from '../../lib/process/stopping.ts';
import { demoConfig, demoFolder } from './settings.ts';
import { describeTarget } from './target.ts';
import { createNarrator } from './narrator.ts';
import { createWorld, type World } from './world.ts';
import { fillStripe, meetAccount } from './steps/contact.ts';
import { importThroughCrash, startSystem } from './steps/crash.ts';
import { fixParked } from './steps/fix.ts';
import { editAndDelete } from './steps/edit.ts';
import { replayParked } from './steps/replay.ts';
import { editBothSides } from './steps/both.ts';
import { followStripe } from './steps/theirs.ts';
import { compareBoth, printTimes } from './steps/compare.ts';

/** Slow machines need half a minute; a demo that takes longer than this hangs. */
const LIMIT_MS = 170_000;

export async function runDemo({ useSettings }: { useSettings: boolean }, output: Output): Promise<number> {
  const folder = demoFolder();
  const config = demoConfig(folder, useSettings);
  const claim = await claimFolder(folder);
  const stopping = listenForStop();
  const world = createWorld(config, claim, useSettings);
  const over = new AbortController();
  try {
    await emptyFolder(folder);
    const narrator = createNarrator(output);
    narrator.head(
      'Twinbox demo: customers in PostgreSQL and in Stripe, kept the same.',
      describeTarget(config),
    );
    const interrupted = stopping.requested.then(() => exit.interrupted);
    const late = sleep(LIMIT_MS, over.signal).then(() => {
      if (!over.signal.aborted)
        throw new CliError(exit.failed, `the demo did not end within ${LIMIT_MS / 1_000} s`);
      return exit.failed;
    });
    return await Promise.race([runSteps(world, narrator, output), interrupted, late]);
  } catch (error) {
    const { message, exitCode } = explain(error);
    output.say();
    output.say(`The demo failed: ${message}`);
    output.say(`The log of the system is in ${relative('.', folder)}/twinbox.log`);
    return exitCode;
  } finally {
    over.abort();
    await world.close();
    await claim.release();
    stopping.dispose();
  }
}

async function runSteps(world: World, narrator: ReturnType<typeof createNarrator>, output: Output) {
  const simulated = world.config.stripe.secretKey === undefined;
  if (simulated) await fillStripe(world, narrator);
  await startSystem(world, narrator);
  if (simulated) await meetAccount(world, narrator);
  await importThroughCrash(world, narrator);
  await fixParked(world, narrator);
  await editAndDelete(world, narrator);
  if (simulated) {
    await replayParked(world, narrator);
    await followStripe(world, narrator);
    await editBothSides(world, narrator);
  }
  const verdict = await compareBoth(world, narrator);
  await printTimes(world, narrator);
  // The system is stopped before the last line, so that nothing is printed after it.
  await world.close();
  output.print();
  output.print('To look at such a system in a browser: make up, then open http://127.0.0.1:8000/console');
  output.printTitle(verdict.line);
  return verdict.agree ? exit.ok : exit.failed;
}
