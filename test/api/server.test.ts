import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { listen } from '../../api/server.ts';
import { createSignal } from '../support/signal.ts';

const local = { host: '127.0.0.1', port: 0 };

describe('the API’s server', () => {
  it('says which port is taken and how to mend it', async () => {
    const first = await listen(() => undefined, local);
    const error = await listen(() => undefined, { host: '127.0.0.1', port: first.port }).catch(
      (e: unknown) => e,
    );
    expect(error).to.have.property('code', 'cannot_listen');
    expect(error).to.have.property('message').that.includes(`port ${first.port}`).and.includes('API_PORT');
    await first.close();
  });

  it('says which address this machine does not have', async () => {
    const error = await listen(() => undefined, { host: '192.0.2.1', port: 0 }).catch((e: unknown) => e);
    expect(error).to.have.property('message').that.includes('192.0.2.1').and.includes('API_HOST');
  });

  it('finishes the requests in hand, closes what is kept alive, and takes no new ones', async () => {
    const arrived = createSignal<ServerResponse>();
    const server = await listen((req, res) => {
      if (req.url === '/slow') arrived.fire(res);
      else res.end('quick');
    }, local);
    const agent = new Agent({ keepAlive: true });
    const ask = async (path: string) => {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request(server.url + path, { agent }, resolve)
          .on('error', reject)
          .end();
      });
      await once(response.resume(), 'end');
      return { status: response.statusCode, connection: response.headers.connection };
    };
    expect(await ask('/quick')).to.deep.equal({ status: 200, connection: 'keep-alive' });
    const idle = connect(server.port, '127.0.0.1');
    await once(idle, 'connect');
    const slow = ask('/slow');
    const response = await arrived.promise;
    const closed = server.close();
    await once(idle.resume(), 'close');
    response.end('slow');
    expect(await slow).to.deep.equal({ status: 200, connection: 'close' });
    await closed;
    const late = connect(server.port, '127.0.0.1');
    expect(await once(late, 'error')).to.have.nested.property('[0].code', 'ECONNREFUSED');
    agent.destroy();
  });

  it('cuts a request that does not end within the grace', async () => {
    const arrived = createSignal();
    const server = await listen(() => arrived.fire(), local);
    const hanging = fetch(server.url).catch((error: unknown) => error);
    await arrived.promise;
    await server.close(20);
    expect(await hanging).to.be.an.instanceOf(TypeError);
  });
});
