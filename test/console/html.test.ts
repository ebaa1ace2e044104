import { expect } from 'chai';
import { html } from '../../console/html.ts';
import { age, duration, id, nameOf, number, value, when } from '../../console/parts.ts';
import { HOSTILE } from './hostile.ts';
import { NOW } from './seen.ts';

describe('HTML as a value', () => {
  it('escapes whatever no template made, in texts and in attributes', () => {
    for (const text of HOSTILE) {
      const made = html`<p title="${text}">${text}${[text, [text]]}</p>`.toString();
      expect(made.replaceAll(/^<p title="|">|<\/p>$/g, '')).not.to.match(/[<>"']/);
    }
    expect(html`${html`<b>${'<'}</b>`}`.toString()).to.equal('<b>&lt;</b>');
    expect(html`a${null}${undefined}${false}${0}${''}`.toString()).to.equal('a0');
    // What only looks like Html is a text or nothing.
    expect(html`${'\0'}`.toString()).to.equal('␀');
  });

  it('draws the value of a person literally, with what cannot be seen', () => {
    const drawn = (text: unknown) => value(text).toString();
    expect(drawn('\u200f'.repeat(256)))
      .to.include('U+200F × 256')
      .and.not.include('\u200f');
    expect(drawn('a\u202eb')).to.include('U+202E').and.include('<bdi');
    // A joiner between letters is part of many names.
    expect(drawn('क\u094d\u200dष')).to.include('\u200d');
    expect(drawn('x'.repeat(10_000)).length).to.be.lessThan(700);
    expect(drawn(null)).to.include('empty');
    expect(drawn({ a: '<b>' })).to.include('&lt;b&gt;');
    expect(nameOf('\u200b \u200f', 'customer 7')).to.equal('customer 7');
  });

  it('says times, durations, numbers and ids as people read them', () => {
    expect(when('2026-11-29T07:00:00.5Z', NOW)!.toString()).to.include('>07:00:00<');
    expect(when('2026-11-28T07:00:00.5Z', NOW)!.toString()).to.include('2026-11-28 07:00:00');
    expect([3, 450, 9_800, 840_000, 7_200_000, 9e8].map(duration)).to.deep.equal([
      '3 ms',
      '0.45 s',
      '9.8 s',
      '14 min',
      '2 h',
      '10 days',
    ]);
    // A clock of a database that is ahead makes no negative age.
    expect(age('2026-11-29T09:00:00Z', NOW)).to.equal('0 ms');
    expect(number(1_234_567)).to.equal('1\u2009234\u2009567');
    expect(
      id('cus_QX7b2mPz9LdK4v')!
        .toString()
        .replaceAll(/<[^>]*>/g, ''),
    ).to.equal('cus_QX7b2mPz9LdK4v');
  });
});
