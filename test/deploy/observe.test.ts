import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { dashboardJson } from '../../cli/development/dashboard-json.ts';
import { boards } from '../../cli/development/dashboards.ts';
import { metricNames } from '../../lib/metrics/declarations.ts';
import { needPrometheus, promtool } from '../support/prometheus.ts';
import { readAlerts } from './alerts.ts';

const folder = join(import.meta.dirname, '../../deploy/observe');

describe('the alerts', () => {
  it('have a summary, a severity and a place in the runbook each', async () => {
    for (const { alert, labels, annotations } of await readAlerts()) {
      expect(labels.severity, alert).to.be.oneOf(['page', 'ticket', 'none']);
      expect(annotations.summary, alert).not.to.equal('');
      expect(annotations.runbook, alert).to.equal(`docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  it('have an entry in the runbook each, and the runbook has no other one', async () => {
    const page = await readFile(join(folder, '../../docs/runbook.md'), 'utf8');
    const entries = [...page.matchAll(/^## (Twinbox\w+)$/gm)].map(([, name]) => name);
    expect(entries).to.have.members((await readAlerts()).map(({ alert }) => alert));
  });

  it('have a bad case and a good one each', async () => {
    const { tests } = parse(await readFile(join(folder, 'alerts-test.yml'), 'utf8')) as {
      tests: { name: string }[];
    };
    const names = tests.map(({ name }) => name);
    const wanted = (await readAlerts()).flatMap(({ alert }) =>
      alert === 'TwinboxDeadMansSwitch'
        ? [`${alert} fires always`]
        : [`${alert} fires`, `${alert} is silent`],
    );
    expect(names).to.have.members(wanted);
  });

  it('fire on the bad case and are silent on the good one', function () {
    needPrometheus(this);
    const { code, said } = promtool('test', 'rules', join(folder, 'alerts-test.yml'));
    expect(code, said).to.equal(0);
  });

  it('stand in a configuration that Prometheus accepts', function () {
    needPrometheus(this);
    const { code, said } = promtool('check', 'config', join(folder, 'prometheus.yml'));
    expect(code, said).to.equal(0);
  });
});

describe('the dashboards', () => {
  it('are as `make settings` writes them', async () => {
    const files = await readdir(join(folder, 'grafana/dashboards'));
    expect(files).to.have.members(boards.map(({ uid }) => `${uid}.json`));
    for (const board of boards)
      expect(await readFile(join(folder, 'grafana/dashboards', `${board.uid}.json`), 'utf8')).to.equal(
        dashboardJson(board),
      );
  });

  it('and the alerts use every metric that we declare', async () => {
    const used = [
      ...boards.flatMap(({ panels }) => panels.flatMap(({ queries }) => Object.values(queries))),
      ...(await readAlerts()).map(({ expr }) => expr),
    ].join('\n');
    expect(metricNames.filter((name) => !used.includes(name))).to.deep.equal([]);
  });
});
