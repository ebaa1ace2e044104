import { expect } from 'chai';
import { groupLines } from '../../cli/groups.ts';

describe('groups on a terminal', () => {
  it('have their first five open pairs below them, and the command that shows the others', () => {
    const since = new Date('2026-03-01T10:00:00Z');
    const members = Array.from({ length: 9 }, (_, at) => ({
      ...{ mapping: at + 1, customer: at + 1, externalId: null, state: 'parked', since },
      ...{ eventId: `event-${at + 1}`, closed: at === 0, says: null },
    }));
    const group = {
      ...{ fingerprint: '0123456789ab', kind: 'invalid', system: 'stripe', class: 'invalid' },
      ...{ code: 'email_invalid', field: null, count: 59, closed: 1, parked: 59, waiting: 0, retrying: 0 },
      ...{ customers: 59, firstSeen: since, lastSeen: since, means: 'm', cure: 'c', example: null },
    };
    const lines = groupLines([group], new Map([[group.fingerprint, members]]));
    const shown = lines.filter((line) => line.includes('event-'));
    expect(shown).to.have.length(5);
    expect(shown[0]).to.equal('  customer 2  parked  2026-03-01 10:00:00  event-2');
    expect(lines.at(-1)).to.equal('  and 54 more: npx twinbox groups show 0123456789ab');
    expect(groupLines([group]).join('\n')).to.not.include('event-');
  });
});
