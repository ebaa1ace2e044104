import { expect } from 'chai';
import { usePlace } from './twinbox.ts';

describe('twinbox demo', () => {
  const place = usePlace();

  it('shows a customer’s whole way, a crash included, whatever variables the shell has set, and ends with 0 drift', async () => {
    const { code, stdout, stderr } = await place.run(['demo'], {
      env: {
        DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
        STRIPE_SECRET_KEY: 'sk_live_never_touched',
        API_PORT: '1',
      },
    });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-1)).to.equal('59 customers agree, 0 drift');
    expect(lines.filter((line) => /^\d+\. /.test(line))).to.have.lengthOf.at.least(7);
    expect(stdout)
      .to.include('parked: email_invalid')
      .and.match(/killed: \d+ rows are committed/);
  });

  it('refuses a live key, even with the option to use the settings', async () => {
    const { code, stderr } = await place.run(['demo', '--use-settings'], {
      env: { STRIPE_SECRET_KEY: 'sk_live_abc' },
    });
    expect(code).to.equal(78);
    expect(stderr).to.include('live key').and.not.include('sk_live_abc');
  });
});
