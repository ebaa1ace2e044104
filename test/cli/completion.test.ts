import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bareEnvironment } from '../support/environment.ts';
import { runHere } from './in-process.ts';

const run = promisify(execFile);

describe('twinbox completion', () => {
  let script = '';
  before(async () => {
    script = (await runHere('completion', 'bash')).stdout;
  });

  /** What bash itself offers for the last word. */
  async function offered(...words: string[]): Promise<string[]> {
    const all = '"$' + '{COMPREPLY[@]}"';
    const ask = `eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _twinbox; printf "%s\\n" ${all}`;
    const { stdout } = await run('bash', ['-c', ask, 'bash', script, 'twinbox', ...words], {
      env: bareEnvironment(),
    });
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('offers bash the commands, their parts, their options and the values of these', async () => {
    expect(await offered('')).to.include.members(['up', 'status', 'events', 'tail', 'completion']);
    expect(await offered('time')).to.deep.equal(['timeline']);
    expect(await offered('keys', 'r')).to.deep.equal(['revoke', 'rotate']);
    expect(await offered('keys', 'create', '--scope', 'v')).to.deep.equal(['viewer']);
    expect(await offered('events', '--need')).to.deep.equal(['--needs-attention']);
    expect(await offered('events', 'list', '--sys')).to.deep.equal(['--system']);
    expect(await offered('pause', 's')).to.deep.equal(['stripe']);
    // A word that only looks like a command is an argument.
    expect(await offered('explain', 'customer', 'status', '--re')).to.deep.equal(['--read']);
  });

  it('is registered for twinbox, and is a script that bash takes whole', async () => {
    const { stdout } = await run('bash', ['-c', 'eval "$1"; complete -p twinbox', 'bash', script], {
      env: bareEnvironment(),
    });
    expect(stdout.trim()).to.equal('complete -o default -F _twinbox twinbox');
  });

  it('knows the same commands in zsh and fish', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { stdout } = await runHere('completion', shell);
      for (const word of ['keys', 'rotate', 'needs-attention', 'viewer']) expect(stdout).to.include(word);
    }
    const { code, stderr } = await runHere('completion', 'tcsh');
    expect({ code, says: /Allowed choices are bash, zsh, fish/.test(stderr) }).to.deep.equal({
      code: 2,
      says: true,
    });
  });
});
