import type { Defect } from './defect.ts';

/** Mistakes in hearing the other side and bringing both together: each looks right, and loses or overwrites edits. */
export const mergeDefects: Defect[] = [
  {
    name: 'no version check when writing ours',
    edits: [
      {
        file: 'lib/sync/write-ours.ts',
        find: `          rowChanges(plan.pull),
          { ifVersion: row.version },`,
        replace: `          rowChanges(plan.pull),
          {},`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/meanwhile.test.ts',
      title: `of a pull of the same field is not overwritten by it`,
    },
  },
  {
    name: 'shadow := whole answer',
    edits: [
      {
        file: 'lib/sync/shadow.ts',
        find: `    else if (!same(rule, their, before[rule.internal]?.theirs)) foreign = true;`,
        replace: `    else pairs[rule.internal] = { ours: before[rule.internal]?.ours ?? null, theirs: their };
    foreign = false;`,
      },
    ],
    caughtBy: {
      file: 'test/situations/both-sides.test.ts',
      title: `35: our own answer shows a field that somebody else edited, and it is pulled`,
    },
  },
  {
    name: 'echo by time window',
    edits: [
      {
        file: 'lib/sync/theirs.ts',
        find: `    if (teaches(rules, step.mapping.shadow, event, intent)) heard.mustRead = true;`,
        replace: `    // The first half of an intent's id is its time.
    const sentAt = Number.parseInt((step.lastIntent?.id ?? '0').replaceAll('-', '').slice(0, 12), 16);
    const since = Date.parse(String(delivery.inbound?.['created'])) - sentAt;
    const justWritten = event.kind === 'updated' && since > -1_000 && since < 300_000;
    if (!justWritten && teaches(rules, step.mapping.shadow, event, intent)) heard.mustRead = true;`,
      },
    ],
    caughtBy: {
      file: 'test/situations/both-sides.test.ts',
      title: `34: an edit over the API comes between load and write`,
    },
  },
  {
    name: 'drop by older created',
    edits: [
      {
        file: 'lib/sync/theirs.ts',
        find: `  const events = heardEvents(step);
  const intents`,
        replace: `  const time = (d: OpenDelivery): number => Date.parse(String(d.inbound?.['created']));
  const all = heardEvents(step);
  const newest = Math.max(...all.map(({ delivery }) => time(delivery)));
  const events = all.filter(({ delivery }) => time(delivery) >= newest);
  const intents`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/late.test.ts',
      title: 'is not dropped for being older: an echo beside a newer event still tells',
    },
  },
  {
    name: 'a closed intent’s echo moves the shadow',
    edits: [
      {
        file: 'lib/sync/theirs.ts',
        find: `    heard.echoes.push({ eventId: delivery.eventId, intentId: intent.id });`,
        replace: `    heard.echoes.push({ eventId: delivery.eventId, intentId: intent.id });
    for (const [field, { ours }] of Object.entries(intent.fields))
      step.mapping.shadow[field] = { ours, theirs: ours };`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/late.test.ts',
      title: 'moves no shadow: an echo that is heard after a newer edit was pulled',
    },
  },
  {
    name: 'previous value compared with the shadow',
    edits: [
      {
        file: 'lib/sync/theirs.ts',
        find: `heard.unseen.push(...unseenEdits(rules, delivery, event.previous, intent));`,
        replace: `{
      const { shadow } = step.mapping;
      const fields = Object.entries(intent.fields).map(([f, sent]) => [f, { ...sent, seen: shadow[f]?.theirs ?? null }]);
      heard.unseen.push(...unseenEdits(rules, delivery, event.previous, { ...intent, fields: Object.fromEntries(fields) as never }));
    }`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inward-unseen.test.ts',
      title: `is told once, in every order of what is heard, and decided by the rule (external_wins, nothing later)`,
    },
  },
  {
    name: 'a carried value written as origin',
    edits: [
      {
        file: 'lib/sync/write-ours.ts',
        find: `        if (plan.carried.length === 0) {`,
        replace: `        if (plan.carried.length >= 0) {`,
      },
      {
        file: 'lib/sync/write-ours.ts',
        find: `Object.keys(plan.pull).filter((field) => !(field in plan.push));`,
        replace: `Object.keys(plan.pull);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inward-unseen.test.ts',
      title: `is put back also by a worker that died before it wrote it there`,
    },
  },
  {
    name: 'absorb into another external id',
    edits: [
      {
        file: 'lib/sync/adopt.ts',
        find: `  if (owner.ended || (owner.externalId !== null && owner.externalId !== step.mapping.externalId))
    return becomeAlias(deps, step, owner, record);`,
        replace: ``,
      },
      {
        file: 'db/mappings/adopt.ts',
        find: `  if (own.externalId !== null && own.externalId !== record.externalId) return 'taken';
`,
        replace: ``,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inward-adopt.test.ts',
      title: `a mark that was copied by hand to another record makes that one an alias`,
    },
  },
  {
    name: 'a foreign edit in an answer not read',
    edits: [
      {
        file: 'lib/sync/shadow.ts',
        find: `?.theirs)) foreign = true;`,
        replace: `?.theirs)) foreign = sent !== undefined;`,
      },
    ],
    caughtBy: {
      file: 'test/situations/both-sides.test.ts',
      title: `35: our own answer shows a field that somebody else edited, and it is pulled`,
    },
  },
  {
    name: 'a stranger’s event kept at the wrong pair',
    edits: [
      {
        file: 'lib/sync/reconcile.ts',
        find: `  if (stranger && takesNone) return passOn(deps, step, stranger.externalId);`,
        replace: `  if (stranger && mapping.externalId === '') return passOn(deps, step, stranger.externalId);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inward-adopt.test.ts',
      title: `a mark on two records of one row links one, and the other becomes an alias`,
    },
  },
  {
    name: 'the sweep takes the newest minute for complete',
    edits: [
      {
        file: 'lib/intake/sweep.ts',
        find: `  const tip = answeredAt.getTime() - tipMs;`,
        replace: `  const tip = answeredAt.getTime() - Math.min(tipMs, 0);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/intake/sweep.test.ts',
      title: `leaves the last minute to the webhooks that are on their way`,
    },
  },
];
