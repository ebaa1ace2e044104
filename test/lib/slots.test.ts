import { expect } from 'chai';
import { createSlots } from '../../lib/slots.ts';

describe('slots', () => {
  it('have what was added and not removed', () => {
    const slots = createSlots<{ name: string }>();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    const first = slots.add(a!);
    const second = slots.add(b!);
    slots.add(c!);
    slots.remove(second);
    expect(slots.all()).to.deep.equal([a, c]);
    expect(slots.add(d!)).to.equal(second);
    slots.remove(first);
    expect(slots.all()).to.deep.equal([d, c]);
  });

  it('need as many places as things were open at the same time', () => {
    const slots = createSlots<object>();
    const places = Array.from({ length: 1_000 }, () => {
      const [one, other] = [slots.add({}), slots.add({})];
      slots.remove(one);
      slots.remove(other);
      return [one, other];
    });
    expect(new Set(places.flat()).size).to.equal(2);
  });
});
