import { expect } from 'chai';
import { ignoreConnectionSettings, loadConfig, type Env } from '../../../lib/config/config.ts';

const tracingOf = (env: Env) => loadConfig(env, { envFile: false }).tracing;

function refusal(env: Env): string {
  try {
    tracingOf(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('these settings were accepted');
}

describe('the settings of the traces', () => {
  it('make none unless a receiver is set, whatever else is', () => {
    expect(tracingOf({})).to.equal(null);
    expect(tracingOf({ OTEL_SERVICE_NAME: 'x', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).to.equal(null);
    const set = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' };
    expect(tracingOf({ ...set, OTEL_SDK_DISABLED: 'true' })).to.equal(null);
    expect(tracingOf({ ...set, OTEL_TRACES_EXPORTER: 'none' })).to.equal(null);
  });

  it('add the path to the address, and take a whole address as it is', () => {
    const base = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example/of/us/' };
    expect(tracingOf(base)?.url).to.equal('https://otlp.example/of/us/v1/traces');
    const whole = { ...base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:9/in' };
    expect(tracingOf(whole)?.url).to.equal('http://localhost:9/in');
  });

  it('name each wrong value, and how it is written', () => {
    for (const address of ['localhost:4318', 'grpc://localhost:4317', 'https://me:secret@otlp.example'])
      expect(refusal({ OTEL_EXPORTER_OTLP_ENDPOINT: address }))
        .to.include('OTEL_EXPORTER_OTLP_ENDPOINT (in the environment) is')
        .and.include('For example: OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318')
        .and.not.include('secret');
    const text = refusal({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:99999',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'key=of%zzhidden',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_SAMPLER_ARG: '1.5',
      OTEL_RESOURCE_ATTRIBUTES: 'nothing',
    });
    for (const name of ['ENDPOINT is not an address', 'PROTOCOL is "grpc"', 'HEADERS has a value'])
      expect(text).to.include(`OTEL_EXPORTER_OTLP_${name}`);
    expect(text)
      .to.include('OTEL_TRACES_SAMPLER is "sometimes"')
      .and.include('OTEL_TRACES_SAMPLER_ARG is "1.5"');
    expect(text).to.include('OTEL_RESOURCE_ATTRIBUTES cannot be read').and.not.include('hidden');
  });

  it('leave variables of other signals alone, and are left out where no real system may be reached', () => {
    expect(tracingOf({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'x', OTEL_LOGS_EXPORTER: 'console' })).to.equal(
      null,
    );
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318', PATH: '/bin' };
    expect(ignoreConnectionSettings(env)).to.deep.equal({ PATH: '/bin' });
  });
});
