import { expect } from 'chai';
import { judgeLooks, type Look } from '../../../lib/bus/kafka/advertised.ts';

const refused = { place: 'kafka-2:9092', code: 'ECONNREFUSED' };
const seen = (answered: string, lost: Look['lost']): Look => ({ answered, lost });

describe('an advertised address of Kafka that takes no connection', () => {
  it('is reported as a wrong advertised.listeners where another address answered and this one refused twice', () => {
    const look = seen('127.0.0.1:9092', [refused]);
    expect(judgeLooks(look, look)?.message).to.match(
      /127\.0\.0\.1:9092 answered and sends clients to kafka-2:9092.*advertised\.listeners/,
    );
  });

  it('is not reported as that while its broker is only down', () => {
    const down = seen('kafka-1:9092', [refused]);
    expect(judgeLooks(down, seen('kafka-1:9092', [])), 'it has left the list').to.equal(null);
    expect(judgeLooks(down, null), 'no server answers any more').to.equal(null);
    expect(judgeLooks(down, seen('kafka-2:9092', [refused])), 'it answered itself').to.equal(null);
    const other = seen('kafka-1:9092', [{ place: 'kafka-3:9092', code: 'ECONNREFUSED' }]);
    expect(judgeLooks(down, other), 'another one refuses now').to.equal(null);
  });
});
