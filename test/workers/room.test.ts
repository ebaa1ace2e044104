import { expect } from 'chai';
import type { Claimed } from '../../db/mappings/claims.ts';
import { urgencies } from '../../db/urgency.ts';
import { hadRoom } from '../../workers/room.ts';

const room = { limit: 3, creates: 2, others: 2, echoes: 1, longest: 0 };
const claimed = (urgency: number, makes = false): Claimed =>
  ({ id: 1, fence: 1, entityType: 'customer', makes, urgency }) as Claimed;
const [create, edit, echo] = [claimed(urgencies.row, true), claimed(urgencies.edit), claimed(urgencies.echo)];

describe('a claim', () => {
  it('has taken all that was due if there was room for one more of each kind', () => {
    for (const taken of [[], [create], [edit], [create, edit]]) expect(hadRoom(room, taken)).to.equal(true);
  });

  it('may have left something due if one kind filled its room: records to create, others, both, or echoes', () => {
    for (const taken of [[create, create], [edit, edit], [create, create, edit], [echo], [edit, echo]])
      expect(hadRoom(room, taken)).to.equal(false);
  });

  it('may have left something due where no room was given at all', () => {
    expect(hadRoom({ ...room, limit: 0 }, [])).to.equal(false);
  });
});
