import { expect } from 'chai';
import { createLinks } from '../../api/console-door.ts';

describe('a link that opens the console', () => {
  it('gives the key once, within ten minutes', () => {
    let now = 0;
    const links = createLinks('the key', () => now);
    const make = () => links.make('/login')?.replace('/login?link=', '') ?? '';
    const [first, late] = [make(), make()];
    expect(links.take('made up')).to.equal(null);
    expect([links.take(first), links.take(first)]).to.deep.equal(['the key', null]);
    now = 600_000;
    expect(links.take(late)).to.equal(null);
    expect(createLinks(null).make('/login')).to.equal(null);
  });
});
