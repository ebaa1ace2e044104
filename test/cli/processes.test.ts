import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { commandLine, isAlive, startedAt } from '../../cli/embedded/processes.ts';

describe('what the machine knows about a process', () => {
  it('has a start time that stays, and none once the process has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    expect(startedAt(pid)).to.match(/./).and.equal(startedAt(pid));
    expect(commandLine(pid)).to.include('process.stdin.resume()');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect([isAlive(pid), commandLine(pid)]).to.deep.equal([false, undefined]);
  });

  it('distinguishes this process from another one with the same id', () => {
    expect(startedAt(process.pid)).to.not.equal(startedAt(process.ppid));
  });
});
