// Where a Node process spends its time, from the file that `--cpu-prof` writes at its end.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Contestant, World } from '../contestants/contestant.ts';
import { createTwinbox } from '../contestants/twinbox.ts';

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  samples: number[];
  timeDeltas: number[];
};

const profileFlags = (folder: string): string[] => ['--cpu-prof', `--cpu-prof-dir=${folder}`];

/** What our relay does in a trial of its own, since a profile costs time. */
export async function profileOurs(trial: (profiled: Contestant) => Promise<unknown>): Promise<string> {
  const name = 'twinbox-profile';
  let folder = '';
  await trial({
    ...createTwinbox(name, 'full'),
    start(world: World) {
      folder = world.folder;
      return createTwinbox(name, 'full', profileFlags(folder)).start(world);
    },
  });
  return await topOfProfile(folder);
}

/** Until then it starts: it loads and compiles its files. */
const START_US = 2_000_000;

/** The functions with the most self time: 'deflate in zlib.ts 12 %, …', without idle time and the start. */
async function topOfProfile(folder: string, count = 8): Promise<string> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.cpuprofile'));
  if (name === undefined) return 'no profile was written';
  const profile = JSON.parse(await readFile(join(folder, name), 'utf8')) as Profile;
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame.functionName, callFrame.url)]),
  );
  const times = new Map<string, number>();
  let passed = 0;
  profile.samples.forEach((node, at) => {
    const time = profile.timeDeltas[at] ?? 0;
    passed += time;
    const place = names.get(node) ?? '';
    if (passed < START_US || place === '(idle)' || place === '(program)') return;
    times.set(place, (times.get(place) ?? 0) + time);
  });
  const all = [...times.values()].reduce((sum, each) => sum + each, 0);
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([place, time]) => `${place} ${((time / all) * 100).toFixed(0)} %`)
    .join(', ');
}

function nameOf(functionName: string, url: string): string {
  if (functionName.startsWith('(')) return functionName;
  return `${functionName || 'a function'} in ${basename(url) || 'Node'}`;
}
