import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { listen } from '../../api/server.ts';
import { createSignal } from '../support/signal.ts';

const local = { host: '127.0.0.1', port: 0 };

describe('the API’s server', () => {
  it('says which port is in use and how to fix it', async () => {
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

  it('finishes running requests, closes idle connections, and takes no new ones when it stops', async () => {
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

  it('keeps an idle connection for 75 s, or as long as its setting says', async () => {
    for (const [keepAliveS, header] of [
      [undefined, 'timeout=75'],
      [120, 'timeout=120'],
    ] as const) {
      const server = await listen((_req, res) => res.end('here'), {
        ...local,
        ...(keepAliveS && { keepAliveS }),
      });
      expect((await fetch(server.url)).headers.get('Keep-Alive')).to.equal(header);
      await server.close();
    }
  });

  it('does not count the idle time of a connection as time for the headers of its next request', async () => {
    const server = await listen((_req, res) => res.end('here'), { ...local, headersMs: 100, lookMs: 20 });
    const kept = connect(server.port, '127.0.0.1');
    kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(kept, 'data'))[0])).to.include('200 OK');
    // This one is opened later and sends nothing: when it is closed, the time for headers is over
    // for both.
    const silent = connect(server.port, '127.0.0.1');
    await once(silent, 'connect');
    await once(silent.resume(), 'close');
    kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(kept, 'data'))[0])).to.include('200 OK');
    kept.destroy();
    await server.close();
  });

  it('breaks off a request that does not end within the grace period', async () => {
    const arrived = createSignal();
    const server = await listen(() => arrived.fire(), local);
    const hanging = fetch(server.url).catch((error: unknown) => error);
    await arrived.promise;
    await server.close(20);
    expect(await hanging).to.be.an.instanceOf(TypeError);
  });
});
