import { expect } from 'chai';
import { describeFault, faultOf, isTimeout, toStartError } from '../../../../lib/bus/kafka/faults.ts';

function failure(name: string, message: string, more: object = {}, cause?: Error): Error {
  return Object.assign(new Error(message, cause ? { cause } : undefined), { name }, more);
}

describe('what an error of Kafka means', () => {
  it('does not follow from `retriable`, which is wrong when the broker is away', () => {
    const refused = failure('KafkaJSConnectionError', 'connect ECONNREFUSED', {
      code: 'ECONNREFUSED',
      retriable: true,
    });
    const wrapped = failure(
      'KafkaJSNonRetriableError',
      'connect ECONNREFUSED',
      { retriable: false },
      refused,
    );
    expect(faultOf(wrapped)).to.equal('passing');
    expect(toStartError(wrapped, ['one:9092'])).to.include({ code: 'kafka_unavailable', retryable: true });
  });

  it('is a bad record when the broker says so, however deep in the error', () => {
    const large = failure('KafkaJSProtocolError', 'too large', { type: 'MESSAGE_TOO_LARGE' });
    expect(faultOf(failure('KafkaJSNonRetriableError', 'too large', {}, large))).to.equal('record');
  });

  it('is a wrong clock, and no bad record, where the broker refuses the time of sending', () => {
    const late = failure('KafkaJSProtocolError', 'out of range', { type: 'INVALID_TIMESTAMP' });
    expect(faultOf(late)).to.equal('setup');
  });

  it('is a wrong setting for passwords, certificates, rights and topics, with the setting’s name', () => {
    const cases: [Error, string][] = [
      [failure('KafkaJSSASLAuthenticationError', 'no'), 'KAFKA_SASL_PASSWORD'],
      [failure('KafkaJSConnectionError', 'no', { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'KAFKA_SSL_CA'],
      [failure('KafkaJSConnectionError', 'no', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'KAFKA_SSL_CA'],
      [failure('KafkaJSProtocolError', 'no', { type: 'TOPIC_AUTHORIZATION_FAILED' }), 'rights'],
      [failure('KafkaJSProtocolError', 'no', { type: 'UNKNOWN_TOPIC_OR_PARTITION' }), 'KAFKA_CREATE_TOPICS'],
    ];
    for (const [error, hint] of cases) {
      const said = toStartError(error, ['one:9092', 'two:9092']);
      expect(said).to.include({ code: 'kafka_refused', retryable: false });
      expect(said.message).to.include('one:9092, two:9092').and.include(hint);
    }
  });

  it('is a time-out by the error’s class', () => {
    const late = failure('KafkaJSRequestTimeoutError', 'Request Produce timed out');
    expect(isTimeout(failure('KafkaJSNumberOfRetriesExceeded', 'x', {}, late))).to.equal(true);
    expect(isTimeout(failure('KafkaJSConnectionError', 'x'))).to.equal(false);
  });

  it('is found also where it is not an error, or a chain of causes that leads back to itself', () => {
    const loop = failure('KafkaJSError', 'loop');
    loop.cause = loop;
    expect(faultOf(loop)).to.equal('passing');
    expect(faultOf('text')).to.equal('passing');
    expect(describeFault('text')).to.equal('text');
    expect(describeFault(loop)).to.equal('loop');
  });
});
