import { expect } from 'chai';
import { createProgram } from '../../cli/program.ts';
import type { Output } from '../../cli/output.ts';

describe('the help of a command that asks a question', () => {
  for (const args of [['deletes'], ['resolve'], ['link'], ['replay'], ['connect']])
    it(`twinbox ${args.join(' ')} --help names the status of Ctrl-C`, async () => {
      let written = '';
      const write = (text: string): void => void (written += text);
      const output = { write, writeError: write } as unknown as Output;
      const program = await createProgram(args, output, () => undefined);
      await program.parseAsync([...args, '--help'], { from: 'user' }).catch(() => undefined);
      expect(written).to.match(/Ctrl-C.*130/);
    });
});
