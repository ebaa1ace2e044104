import type { Defect } from './defect.ts';

const file = 'test/lib/sync/conditions.test.ts';
const deletes = 'test/lib/sync/condition-deletes.test.ts';

/** Mistakes about rows that a system is not to have. */
export const conditionDefects: Defect[] = [
  {
    name: 'a condition that is not asked',
    edits: [
      {
        file: 'lib/sync/rungs/not-wanted.ts',
        find: `if (field === null) return null;`,
        replace: `if (field !== '') return null;`,
      },
    ],
    caughtBy: { file, title: 'gets no record, and costs no call' },
  },
  {
    name: 'a condition that deletes a record that a person made',
    edits: [
      {
        file: 'lib/sync/rungs/not-wanted.ts',
        find: ` || !mapping.madeRecord) return false;`,
        replace: `) return false;`,
      },
    ],
    caughtBy: { file: deletes, title: 'keeps a record that a person made and a link gave to it' },
  },
  {
    name: 'a record that was deleted while its row was left out deletes the row',
    edits: [
      {
        file: 'lib/sync/rungs/gone-meanwhile.ts',
        find: `|| !wasUnwanted(mapping)) return null;`,
        replace: `|| wasUnwanted(mapping)) return null;`,
      },
    ],
    caughtBy: { file, title: 'stays if the record is deleted meanwhile' },
  },
  {
    name: 'a read that failed forgets that the row was left out',
    edits: [
      {
        file: 'lib/sync/settle/postponed-outcome.ts',
        find: `(mapping.state === 'waiting' && !isUnread);`,
        replace: `mapping.state === 'waiting';`,
      },
    ],
    caughtBy: { file, title: 'stays if the record is deleted meanwhile' },
  },
  {
    name: 'a record that stayed is not read when its row comes back',
    edits: [
      {
        file: 'lib/sync/settle/not-wanted-outcome.ts',
        find: `...(mapping.externalId !== null && { mustRead: true }),`,
        replace: ``,
      },
    ],
    caughtBy: { file, title: 'goes on with it, merged from the values of before' },
  },
  {
    name: 'a covered edit is lost where the row is left out',
    edits: [
      {
        file: 'lib/sync/rungs/covered.ts',
        find: ` && isLiving && leavesBy(s) === null;`,
        replace: ` && isLiving;`,
      },
    ],
    caughtBy: { file, title: 'keeps an edit of theirs that our last write covered' },
  },
  {
    name: 'a row without a pair after its record was deleted by a condition',
    edits: [
      {
        file: 'lib/sync/settle/settle.ts',
        find: `if (effects.succeeded) await succeed(tx, mapping);`,
        replace: ``,
      },
    ],
    caughtBy: { file: deletes, title: 'keeps a change that comes in while the delete is on its way' },
  },
  {
    name: 'rows that are left out are counted as waiting',
    edits: [
      {
        file: 'db/mappings/left-out.ts',
        find: `\`\${mapping}.reason is distinct from 'not_wanted'\`;`,
        replace: `\`\${mapping}.id is not null\`;`,
      },
    ],
    caughtBy: { file, title: 'is no fault: status, doctor and verify do not count it' },
  },
];
