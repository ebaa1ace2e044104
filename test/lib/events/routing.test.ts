import { expect } from 'chai';
import { createRouting } from '../../../lib/events/routing.ts';

const routing = createRouting({ customerEvents: true, systems: ['stripe', 'hubspot'] });

describe('the routing of events to topics', () => {
  it('depends on the type alone', () => {
    const table = {
      'customer.created': ['sync.outbound', 'customer.events'],
      'customer.updated': ['sync.outbound', 'customer.events'],
      'customer.deleted': ['sync.outbound', 'customer.events'],
      'customer.linked': ['customer.events'],
      'delivery.parked': ['sync.dlq'],
      'stripe.customer.updated': ['sync.inbound'],
      'hubspot.contact.merged': ['sync.inbound'],
      'quickbooks.customer.updated': [],
      stripe: [],
      'customer.renamed': [],
      constructor: [],
      '': [],
    };
    for (const [type, topics] of Object.entries(table)) expect(routing(type), type).to.deep.equal(topics);
  });

  it('leaves out the topic for other teams when that is switched off', () => {
    const without = createRouting({ customerEvents: false, systems: [] });
    expect(without('customer.updated')).to.deep.equal(['sync.outbound']);
    expect(without('customer.linked')).to.deep.equal([]);
  });
});
