import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from './compose.ts';
import { copiesOf, environmentOf, filesToCopy, instructionsOf, isIgnored, readStages } from './dockerfile.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('the image', () => {
  const stages = readStages();
  const final = stages.at(-1);

  it('is built from the Node of package.json, by a fixed tag', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
    for (const { from } of stages)
      expect(from).to.match(new RegExp(`^node:${devDependencies.node}-\\w+-slim( AS \\w+)?$`));
  });

  it('runs as a user who is not root in its last stage', () => {
    const last = instructionsOf(final, 'USER').at(-1);
    expect(last)
      .to.be.a('string')
      .and.not.match(/^(root|0)\b/);
    const after = final?.instructions.slice(
      final.instructions.findLastIndex(({ name }) => name === 'USER') + 1,
    );
    expect(after?.map(({ name }) => name)).to.deep.equal(['CMD']);
  });

  it('starts a program itself, without a shell between it and a signal', () => {
    const [command = ''] = instructionsOf(final, 'CMD');
    expect(JSON.parse(command)).to.be.an('array').with.property('0', 'node');
  });

  it('leaves the settings of memory to each process, which starts itself again with its own', () => {
    expect(environmentOf(final))
      .to.include({ NODE_ENV: 'production' })
      .and.not.to.have.property('NODE_OPTIONS');
    for (const role of ['api', 'relay', 'workers'])
      expect(read(`${role}/main.ts`), role).to.include('startWithHeapFlags(');
  });

  it('holds no secret, neither as a variable nor as an argument of its build', () => {
    const names = stages.flatMap((stage) => [
      ...Object.keys(environmentOf(stage)),
      ...instructionsOf(stage, 'ARG'),
    ]);
    expect(names.filter((name) => /KEY|SECRET|PASSWORD|TOKEN|DATABASE_URL/i.test(name))).to.deep.equal([]);
  });

  it('copies only what exists, and never the whole folder', () => {
    const sources = stages.flatMap((stage) => copiesOf(stage)).map(({ from }) => from);
    expect(sources).to.include.members(['package.json', 'package-lock.json', 'api', 'relay', 'workers']);
    for (const source of sources) {
      expect(existsSync(join(ROOT, source)), source).to.equal(true);
      expect(filesToCopy(source), source).to.not.deep.equal([]);
    }
    expect(sources).to.not.include('.');
  });

  it('leaves out the temporary and secret files of the folder', () => {
    const mustStayOut = [
      ...['.env', '.env.production', '.git/config', '.twinbox/postgres/password', 'node_modules/pg/index.js'],
      ...['api/.env', 'lib/node_modules/x.js', 'test/run.ts', 'coverage/index.html', 'docker-compose.yml'],
      ...[
        'cli/development/kafka.ts',
        'simulator/openapi/spec.json',
        'deploy/notes.txt',
        'key.pem',
        'data/a.csv',
      ],
    ];
    expect(mustStayOut.filter((path) => !isIgnored(path))).to.deep.equal([]);
    const mustGoIn = ['package.json', 'api/main.ts', 'db/migrations/0001-events.sql', 'deploy/health.mjs'];
    expect(mustGoIn.filter((path) => isIgnored(path))).to.deep.equal([]);
  });
});
