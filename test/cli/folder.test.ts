import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { inspectFolder, prepareFolder } from '../../cli/embedded/folder.ts';
import { explain } from '../../cli/failure.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { useDatabase } from '../support/database.ts';
import { usePlace } from './twinbox.ts';

describe('the data folder', () => {
  let root: string;
  before(async () => {
    root = await makeRunFolder();
    await writeFile(join(root, 'file'), 'kept');
    await symlink(join(root, 'circle'), join(root, 'circle'));
  });
  after(() => removeRunFolder(root));

  it('is created with all missing parent folders, also by two processes at once, and stays empty', async () => {
    const folder = join(root, 'a', 'b', 'c');
    await Promise.all([prepareFolder(folder), prepareFolder(folder), prepareFolder(join(root, 'a', 'b'))]);
    await prepareFolder(folder);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  const WRONG: [string, () => string, RegExp][] = [
    ['a file is in its place', () => join(root, 'file'), /a file is in its place/],
    ['a file is above it', () => join(root, 'file', 'x', 'y'), /a part of the path is a file/],
    ['its path is too long', () => join(root, 'x'.repeat(300)), /the path is too long/],
    ['its symbolic links form a circle', () => join(root, 'circle', 'x'), /links form a circle/],
  ];
  for (const [what, folder, why] of WRONG) {
    it(`is refused where ${what}, in a sentence that names the setting, both when it is inspected and when it is created`, async () => {
      for (const use of [prepareFolder, inspectFolder]) {
        const error = await use(folder()).catch((caught: unknown) => caught);
        expect(error).to.have.property('code', 'folder_unusable');
        const { message, exitCode } = explain(error);
        expect(exitCode).to.equal(69);
        expect(message).to.match(why).and.include('TWINBOX_DATA_DIR').and.have.length.below(400);
      }
    });
  }

  if (existsSync('/proc/self')) {
    it('is refused at once where the kernel allows no folders, though Node by itself would retry for ever', async () => {
      const error = await prepareFolder('/proc/twinbox/data').catch((caught: unknown) => caught);
      expect(error)
        .to.have.property('message')
        .that.matches(/no folder can be created there|may not write/);
    });
  }

  if (process.getuid?.() !== 0) {
    it('is refused where this user has no right to write', async () => {
      const closed = join(root, 'closed');
      await mkdir(closed);
      await chmod(closed, 0o500);
      for (const folder of [closed, join(closed, 'x')]) {
        const error = await prepareFolder(folder).catch((caught: unknown) => caught);
        expect(error).to.have.property('message').that.includes('may not write there');
      }
    });
  }
});

describe('a command whose data folder is unusable', () => {
  const database = useDatabase();
  const place = usePlace();

  it('says so at once, with status 69 and without a stack trace, whichever command it is', async () => {
    const file = join(place.folder, 'file');
    await writeFile(file, '');
    const csv = join(place.folder, 'few.csv');
    await writeFile(csv, 'name,email\nAda,ada@example.com\n');
    for (const args of [['up'], ['import', csv], ['verify'], ['demo']]) {
      const { code, stdout, stderr } = await place.run(args, {
        env: { TWINBOX_DATA_DIR: join(file, 'data') },
      });
      expect({ code, stdout }, args[0]).to.deep.equal({ code: 69, stdout: '' });
      expect(stderr, args[0]).to.match(
        /^Nothing can be kept in .*: a part of the path is a file\. Let TWINBOX_DATA_DIR/,
      );
      expect(stderr.trimEnd().split('\n'), args[0]).to.have.length(1);
    }
  });

  it('says so also where only the simulator’s state would be in the folder', async () => {
    const file = join(place.folder, 'other');
    await writeFile(file, '');
    const env = { DATABASE_URL: database.url, TWINBOX_DATA_DIR: file };
    const { code, stderr } = await place.run(['verify'], { env });
    expect(code).to.equal(69);
    expect(stderr).to.match(/^Nothing can be kept in .*: a file is in its place/);
  });
});
