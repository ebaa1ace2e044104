import { globSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect } from 'chai';
import { checks, longestFirst, namedJobs, suites, type Job } from '../support/jobs.ts';

const TEST = resolve(import.meta.dirname, '..');

const filesOf = (jobs: readonly Job[]) =>
  jobs
    .flatMap(({ args }) => args)
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => relative(TEST, path));
const titlesOf = (jobs: readonly Job[]) => jobs.map(({ title }) => title);
const named = (...names: string[]) => namedJobs(TEST, names, '.test.ts', '/results');

describe('the jobs of a test run', () => {
  it('run every test file, each once', () => {
    const all = globSync('**/*.test.ts', { cwd: TEST });
    const run = filesOf(longestFirst([...checks('/results'), ...suites(TEST, '.test.ts', '/results')]));
    expect(run.toSorted()).to.deep.equal(all.toSorted());
  });

  it('run every proof, each once', () => {
    const all = globSync('**/*.proof.ts', { cwd: TEST });
    const run = suites(TEST, '.proof.ts', '/results').flatMap(({ args }) => args);
    const proofs = run.filter((path) => path.endsWith('.proof.ts')).map((path) => relative(TEST, path));
    expect(proofs.toSorted()).to.deep.equal(all.toSorted());
  });

  it('are some parts of a long folder, with a result of its own each', () => {
    const jobs = named('lib');
    expect(titlesOf(jobs)).to.deep.equal(['lib 1/3', 'lib 2/3', 'lib 3/3']);
    expect(new Set(jobs.map(({ resultFile }) => resultFile)).size).to.equal(3);
    expect(filesOf(jobs).toSorted()).to.deep.equal(globSync('lib/**/*.test.ts', { cwd: TEST }).toSorted());
  });

  it('are the named folders and files, with and without test/ before them', () => {
    expect(titlesOf(named('relay', './test/lib/uuid.test.ts', 'test/lib/limits/'))).to.deep.equal([
      'relay',
      'lib/uuid.test.ts',
      'lib/limits',
    ]);
    expect(filesOf(named('lib/uuid.test.ts'))).to.deep.equal([join('lib', 'uuid.test.ts')]);
  });

  it('are none for a name that is not there', () => {
    expect(named('nothing')).to.deep.equal([]);
  });

  it('begin with what takes longest', () => {
    const job = (title: string): Job => ({ title, args: [] });
    const jobs = ['api', 'cli 1/2', 'cli 2/2', 'kafka', 'lint'].map(job);
    expect(titlesOf(longestFirst(jobs))).to.deep.equal(['kafka', 'lint', 'cli 1/2', 'cli 2/2', 'api']);
  });
});
