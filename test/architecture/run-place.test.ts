import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { runFolderParents, type Memory } from '../support/run-place.ts';

const GIB = 2 ** 30;
const DISK = '/dev/vda / ext4 rw,relatime 0 0';
const memory = (options: string, freeGib = 8): Memory => ({
  mounts: `${DISK}\ntmpfs /dev/shm tmpfs ${options} 0 0\n`,
  freeBytes: freeGib * GIB,
});

describe('the folder of a test run', () => {
  it('is in memory where it has room, and old ones are looked for on the disk too', () => {
    expect(runFolderParents('', memory('rw,nosuid,nodev'))).to.deep.equal(['/dev/shm', tmpdir()]);
  });

  it('is where TMPDIR says, and nowhere else', () => {
    expect(runFolderParents('/some/where', memory('rw'))).to.deep.equal(['/some/where']);
  });

  it('is on the disk where memory is short, and old ones are looked for in memory too', () => {
    expect(runFolderParents('', memory('rw', 2))).to.deep.equal([tmpdir(), '/dev/shm']);
  });

  it('is on the disk where memory runs no programs, is read-only, or is not there', () => {
    for (const none of [memory('rw,noexec'), memory('ro'), { mounts: DISK, freeBytes: 8 * GIB }])
      expect(runFolderParents('', none)).to.deep.equal([tmpdir()]);
  });
});
