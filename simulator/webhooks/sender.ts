/** One HTTP POST of a webhook, and its result. A redirect is a failure: it is not followed. */
import http from 'node:http';
import https from 'node:https';

export type Sent = { status: number | null; error: string | null };

export type Sender = ReturnType<typeof createSender>;

export function createSender() {
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  const open = new Set<http.ClientRequest>();

  function post(
    url: string,
    body: string,
    headers: Record<string, string>,
    timeoutMs: number,
  ): Promise<Sent> {
    const secure = url.startsWith('https:');
    return new Promise((resolve) => {
      const request = (secure ? https : http).request(url, {
        method: 'POST',
        agent: secure ? agents.https : agents.http,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        timeout: timeoutMs,
      });
      open.add(request);
      const done = (sent: Sent) => {
        open.delete(request);
        resolve(sent);
      };
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', (error) => done({ status: null, error: error.message }));
      request.on('response', (response) => {
        response.on('error', (error) => done({ status: null, error: error.message }));
        response.on('end', () => done({ status: response.statusCode ?? null, error: null }));
        response.resume();
      });
      request.end(body);
    });
  }

  return {
    post,
    close(): void {
      for (const request of open) request.destroy();
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

export function isDelivered(sent: Sent): boolean {
  return sent.status !== null && sent.status >= 200 && sent.status < 300;
}
