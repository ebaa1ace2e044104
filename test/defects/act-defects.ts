import type { Defect } from './defect.ts';

const replays = 'test/console/pages/replays.test.ts';

/** Mistakes about what people do on the pages of the console. */
export const actDefects: Defect[] = [
  {
    name: 'a stale plan run in its new form without a look at it',
    edits: [
      {
        file: 'console/pages/replay-plan.ts',
        find: `    return await withRefusal(api, made.plan, typed, {`,
        replace: `    await api.post('/api/v1/replays', { body: { plan: made.plan, reason: typed.reason }, once: \`\${once}-run\` });
    return await withRefusal(api, made.plan, typed, {`,
      },
    ],
    caughtBy: { file: replays, title: 'keeps what was typed where the plan is stale' },
  },
  {
    name: 'a replay of filtered events that selects more than the filter',
    edits: [
      {
        file: 'console/pages/events.ts',
        find: `if (type !== undefined || (needs`,
        replace: `if ((needs`,
      },
    ],
    caughtBy: {
      file: 'test/console/pages/events.test.ts',
      title: 'leads to a replay of the same where a replay can select the same',
    },
  },
  {
    name: 'an echo missed of what was applied without a write',
    edits: [{ file: 'console/pages/attention.ts', find: `    write !== null &&\n`, replace: `` }],
    caughtBy: { file: 'test/console/pages/attention.test.ts', title: 'finds the echoes that are late' },
  },
];
