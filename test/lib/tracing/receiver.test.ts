import { expect } from 'chai';
import type { Tracing } from '../../../lib/tracing/tracing.ts';
import { waitUntil } from '../../support/signal.ts';
import { withTraces, type TestTraces } from '../../support/traces.ts';

/** More than a batch of 512, so that one leaves at once. */
function makeSpans(tracing: Tracing, count = 600): number {
  const began = performance.now();
  for (let n = 0; n < count; n += 1) tracing.begin('a span', { kind: 'producer' }).end();
  return performance.now() - began;
}

async function warned({ said }: TestTraces): Promise<void> {
  await waitUntil(() => Promise.resolve(said().length > 0), { timeoutMs: 10_000, what: 'a line in the log' });
}

const QUICK = { OTEL_EXPORTER_OTLP_TIMEOUT: '200' };

describe('a receiver of traces', () => {
  it('that is away costs spans, one line in the log, and no waiting; and one line says when it is back', () =>
    withTraces(async (made) => {
      const { receiver, traces, lines, said } = made;
      receiver.answer({ status: 500, body: 'ada@example.com' });
      const tracing = traces.of('relay');
      expect(makeSpans(tracing)).to.be.below(500);
      await warned(made);
      for (const sent of [2, 3]) {
        makeSpans(tracing);
        await waitUntil(() => Promise.resolve(receiver.requests().length >= sent), {
          timeoutMs: 10_000,
          what: 'another batch',
        });
      }
      expect(said()).to.deep.equal(['traces.not_sent']);
      expect(lines[0]?.fields).to.include({ receiver: new URL(receiver.url).host, why: 'it answered 500' });
      expect(JSON.stringify(lines)).to.not.include('ada@example.com');
      receiver.answer({ status: 200, body: '{}' });
      makeSpans(tracing);
      await waitUntil(() => Promise.resolve(said().length > 1), {
        timeoutMs: 10_000,
        what: 'the second line',
      });
      expect(said()).to.deep.equal(['traces.not_sent', 'traces.sent_again']);
      expect(lines[1]?.fields['lost']).to.be.at.least(512);
    }, QUICK));

  it('that answers never does not hold up a stop for more than two seconds', () =>
    withTraces(async ({ receiver, traces }) => {
      receiver.answer('hang');
      makeSpans(traces.of('worker'), 5);
      const began = performance.now();
      await traces.close();
      expect(performance.now() - began).to.be.within(500, 3_500);
    }));

  it('that answers never is named as one that did not answer in time', () =>
    withTraces(async (made) => {
      made.receiver.answer('hang');
      makeSpans(made.traces.of('api'));
      await warned(made);
      expect(made.lines[0]?.fields['why']).to.equal('it did not answer in time');
    }, QUICK));

  it('that answers nonsense is no reason to stop, and gets what comes next', () =>
    withTraces(async ({ receiver, traces }) => {
      receiver.answer({ status: 200, body: '<html>this is a shop</html>' });
      makeSpans(traces.of('worker'));
      await receiver.find('the first batch', ({ name }) => name === 'a span');
      makeSpans(traces.of('api'), 3);
      await receiver.find('the next', ({ service }) => service === 'twinbox-api');
    }));

  it('that nothing listens at is named with the code of the connection', () =>
    withTraces(async (made) => {
      await made.receiver.close();
      makeSpans(made.traces.of('api'));
      await warned(made);
      expect(made.lines[0]?.fields['why']).to.equal('ECONNREFUSED');
    }, QUICK));

  it('gets no more than a bounded number of spans that waited', () =>
    withTraces(async ({ receiver, traces }) => {
      receiver.answer('hang');
      expect(makeSpans(traces.of('relay'), 20_000)).to.be.below(5_000);
      receiver.answer({ status: 200, body: '{}' });
      await traces.close();
      expect(receiver.spans().length).to.be.at.most(2_048 + 512);
    }, QUICK));
});

describe('the spans that are sent', () => {
  it('are written as protobuf unless the settings say otherwise, with the headers of the settings', () =>
    withTraces(
      async ({ receiver, traces }) => {
        makeSpans(traces.of('api'), 1);
        await traces.close();
        const [request] = receiver.requests();
        expect(request?.headers).to.include({ 'content-type': 'application/x-protobuf', 'x-key': 'a b' });
        expect(request?.path).to.equal('/v1/traces');
        expect(request?.body).to.include('twinbox-api');
      },
      { OTEL_EXPORTER_OTLP_PROTOCOL: '', OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b' },
    ));

  it('are those that the sampler keeps; a span that is not kept has a context all the same', () =>
    withTraces(
      async ({ receiver, traces }) => {
        const kept = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
        const tracing = traces.of('api');
        const dropped = tracing.begin('dropped', { kind: 'server' });
        expect(dropped.traceparent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
        dropped.end();
        tracing.begin('kept', { kind: 'server', parent: kept }).end();
        await traces.close();
        expect(receiver.spans().map(({ name }) => name)).to.deep.equal(['kept']);
      },
      { OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
    ));

  it('have the service’s name of the settings', () =>
    withTraces(
      async ({ receiver, traces }) => {
        makeSpans(traces.of('api'), 1);
        await traces.close();
        expect(receiver.spans().map(({ service }) => service)).to.deep.equal(['crm-sync']);
      },
      { OTEL_SERVICE_NAME: 'crm-sync', OTEL_RESOURCE_ATTRIBUTES: 'service.name=another' },
    ));
});
