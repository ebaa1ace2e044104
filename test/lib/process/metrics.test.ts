import { expect } from 'chai';
import { loadConfig } from '../../../lib/config/config.ts';
import { metricsOf, openMetricsPort, type MetricsPort } from '../../../lib/process/metrics.ts';

describe('the port of the metrics', () => {
  const config = loadConfig({ METRICS_PORT: '0' }, { envFile: false });
  const { metrics } = metricsOf(config);
  let port: MetricsPort;
  before(async () => (port = await openMetricsPort(config, metrics)));
  after(() => port.close());

  const get = (path: string, method = 'GET'): Promise<Response> =>
    fetch(new URL(path, port.url ?? ''), { method });

  it('answers /metrics without a key', async () => {
    const answer = await get('/metrics');
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).to.include('# TYPE sync_propagation_seconds histogram');
  });

  it('answers nothing else', async () => {
    expect((await get('/ready')).status).to.equal(404);
    expect((await get('/metrics', 'POST')).status).to.equal(405);
  });

  it('is the next free one for the second of several processes', async () => {
    const first = Number(new URL(port.url ?? '').port);
    const same = { metrics: { host: '127.0.0.1', port: first } };
    const second = await openMetricsPort(same, metrics, 9);
    expect(Number(new URL(second.url ?? '').port)).to.be.within(first + 1, first + 8);
    await second.close();
    const error = await openMetricsPort(same, metrics).catch((thrown: unknown) => thrown);
    expect(String(error)).to.include('METRICS_PORT');
  });

  it('is not opened unless it is set', async () => {
    expect((await openMetricsPort(loadConfig({}, { envFile: false }), metrics)).url).to.equal(null);
  });
});
