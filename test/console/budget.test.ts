import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { apiTypes } from '../../cli/development/api-types.ts';
import { openApiDocument } from '../../api/openapi.ts';

const read = (name: string) => readFileSync(new URL(`../../console/${name}`, import.meta.url), 'utf8');

describe('what a browser loads for the console', () => {
  const [css, ...js] = ['console.css', 'live.js', 'keys.js'].map(read);

  it('is less than 8 kB, packed', () => {
    const packed = [css ?? '', ...js].map((text) => gzipSync(text).length);
    expect(packed.reduce((sum, size) => sum + size, 0)).to.be.lessThan(8_000);
  });

  it('is short: a stylesheet of less than 200 lines, scripts of less than 100', () => {
    expect(css?.split('\n').length).to.be.lessThan(200);
    for (const script of js) expect(script.split('\n').length).to.be.lessThan(100);
  });
});

describe('the types of the API in console/api-types.ts', () => {
  it('are those of the document; if not, run: node cli/development/openapi.ts', async () => {
    expect(read('api-types.ts')).to.equal(await apiTypes(openApiDocument()));
  });
});
