import type { Defect } from './defect.ts';

const back = 'test/relay/sequence-back.test.ts';
const sequences = 'test/db/sequences/move-forward.test.ts';

/** Mistakes by which an id that is given out a second time loses or refuses a change. */
export const numbersDefects: Defect[] = [
  {
    name: 'a floor that writers do not see',
    edits: [
      {
        file: 'db/relay/cursor.ts',
        find: ' and (not :closed or raise_relay_floor(greatest(c.pending_floor, :sequence)))',
        replace: ' and (not :closed or :sequence >= 0)',
      },
    ],
    caughtBy: { file: back, title: 'publishes the next events' },
  },
  {
    name: 'events below the floor that are never looked for',
    edits: [
      {
        file: 'relay/relay.ts',
        find: 'return count + (await walkBelowFloor(count));',
        replace: 'return count;',
      },
    ],
    caughtBy: { file: back, title: 'publishes events that lay below the floor once' },
  },
  {
    name: 'a look below the floor that ends before the transactions of its beginning',
    edits: [
      {
        file: 'relay/floor-walk.ts',
        find: 'const ended = walkedTo >= upTo && walk.final;',
        replace: 'const ended = walkedTo >= upTo;',
      },
    ],
    caughtBy: { file: back, title: 'ends its look only after the transactions' },
  },
  {
    name: 'a taken id that passes for a known pair',
    edits: [
      {
        file: 'db/mappings/writes/existing-rows.ts',
        find: `order by e.entity_id
on conflict (entity_type, internal_id, system, account, external_type)
  where role = 'primary' and internal_id is not null and state <> 'detached' do nothing`,
        replace: `order by e.entity_id
on conflict do nothing`,
      },
    ],
    caughtBy: { file: sequences, title: 'an id that is in use is not taken for a known pair' },
  },
  {
    name: 'a taken number that ends the write',
    edits: [
      {
        file: 'db/sequences/taken-numbers.ts',
        find: `      return await isTakenNumber(db, error);`,
        replace: `      return false;`,
      },
    ],
    caughtBy: { file: sequences, title: 'to 1: a create draws a new id' },
  },
];
