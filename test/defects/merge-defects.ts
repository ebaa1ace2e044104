import type { Defect } from './defect.ts';

/**
 * Mistakes in reading the other side and merging: each looks right, and loses or overwrites edits.
 */
export const mergeDefects: Defect[] = [
  {
    name: 'no version check when writing ours',
    edits: [
      {
        file: 'lib/sync/perform/pull.ts',
        find: `named.values, { ifVersion: row.version }, stamp`,
        replace: `named.values, {}, stamp`,
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
      title: `35: the answer to our write shows a field that a person edited, and it is pulled`,
    },
  },
  {
    name: 'echo by time window',
    edits: [
      {
        file: 'lib/sync/received.ts',
        find: `    if (teaches(s.fields, s.mapping.shadow, event, intent)) result.mustRead = true;`,
        replace: `    // The first half of an intent's id is its time.
    const sentAt = Number.parseInt((s.lastIntent?.id ?? '0').replaceAll('-', '').slice(0, 12), 16);
    const since = Date.parse(String(delivery.inbound?.['created'])) - sentAt;
    const justWritten = event.kind === 'updated' && since > -1_000 && since < 300_000;
    if (!justWritten && teaches(s.fields, s.mapping.shadow, event, intent)) result.mustRead = true;`,
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
        file: 'lib/sync/received.ts',
        find: `  const events = receivedEvents(s.deliveries);`,
        replace: `  const time = (d: OpenDelivery): number => Date.parse(String(d.inbound?.['created']));
  const all = receivedEvents(s.deliveries);
  const newest = Math.max(...all.map(({ delivery }) => time(delivery)));
  const events = all.filter(({ delivery }) => time(delivery) >= newest);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/late.test.ts',
      title: 'is not dropped for being older: an echo beside a newer event still reports',
    },
  },
  {
    name: 'a closed intent’s echo moves the shadow',
    edits: [
      {
        file: 'lib/sync/received.ts',
        find: `    result.echoes.push({ eventId: delivery.eventId, intentId: intent.id });`,
        replace: `    result.echoes.push({ eventId: delivery.eventId, intentId: intent.id });
    for (const [field, { ours }] of Object.entries(intent.fields))
      s.mapping.shadow[field] = { ours, theirs: ours };`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/late.test.ts',
      title: 'moves no shadow: an echo',
    },
  },
  {
    name: 'previous value compared with the shadow',
    edits: [
      {
        file: 'lib/sync/received.ts',
        find: `  const edits = unseenEdits(s.fields, delivery, previous, intent);`,
        replace: `  const { shadow } = s.mapping;
  const fields = Object.entries(intent.fields).map(([f, sent]) => [f, { ...sent, seen: shadow[f]?.theirs ?? null }]);
  const compared = { ...intent, fields: Object.fromEntries(fields) as never };
  const edits = unseenEdits(s.fields, delivery, previous, compared);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-unseen.test.ts',
      title: `decided by the rule (external_wins, nothing later)`,
    },
  },
  {
    name: 'a carried value written as origin',
    edits: [
      {
        file: 'lib/sync/perform/pull.ts',
        find: `  if (plan.carried.length === 0) {`,
        replace: `  if (plan.carried.length >= 0) {`,
      },
      {
        file: 'lib/sync/perform/pull.ts',
        find: `Object.keys(plan.pull).filter((field) => !(field in plan.push));`,
        replace: `Object.keys(plan.pull);`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-unseen.test.ts',
      title: `is put back also by a worker that died before it wrote it there`,
    },
  },
  {
    name: 'absorb into another external id',
    edits: [
      {
        file: 'lib/sync/rungs/unmatched-record.ts',
        find: `  if (row.ended || (row.externalId !== null && row.externalId !== s.mapping.externalId))
    return askRecordOf(s, row) ?? becomeAlias(s, row, record);`,
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
      file: 'test/lib/sync/inbound-adopt.test.ts',
      title: `an owner tag that was copied by hand to another record makes that one an alias`,
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
      title: `35: the answer to our write shows a field that a person edited, and it is pulled`,
    },
  },
  {
    name: 'another record’s event kept at the wrong pair',
    edits: [
      {
        file: 'lib/sync/rungs/another-record.ts',
        find: `return another && takesNone ?`,
        replace: `return another && mapping.externalId === '' ?`,
      },
    ],
    caughtBy: {
      file: 'test/lib/sync/inbound-adopt.test.ts',
      title: `an owner tag on two records of one row links one, and the other becomes an alias`,
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
