import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { call, usePlace } from './twinbox.ts';

describe('a command that only reads, on the embedded database', () => {
  const place = usePlace();
  const configure = (fields: Record<string, unknown>): Promise<void> =>
    writeFile(
      join(place.folder, 'twinbox.config.json'),
      JSON.stringify({ entities: { customer: { fields } } }),
    );

  it('adds no column for a new field and ends no process, but says what migrate would do', async () => {
    const up = await place.up();
    await configure({ phone: { type: 'text' } });
    for (const command of [['status'], ['mapping', 'try', 'stripe', 'customer', '1'], ['events']]) {
      const { code, stderr } = await place.run(command);
      expect(code, stderr).to.equal(69);
      expect(stderr).to.include('The column customers.phone (text) is added for the field phone');
      expect(stderr).to.include('Run: npx twinbox migrate');
    }
    expect(up.process.exitCode).to.equal(null);
    const made = await call<object>('POST', `${up.api}/api/v1/customers`, {
      name: 'Ada',
      email: 'ada@example.com',
    });
    expect(made).to.not.have.property('phone');
    expect((await place.run(['migrate'])).stdout).to.include('customers');
    up.process.kill('SIGTERM');
    await up.exited;
    const { api } = await place.up();
    expect(await call('GET', `${api}/api/v1/customers`)).to.have.nested.property('[0].phone', null);
  });
});
