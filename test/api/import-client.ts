// Sends an import over HTTP as a program would: the body as it comes, the answer line by line.
import { request, type IncomingMessage } from 'node:http';

export type ImportLine = { type: string; line?: number; code?: string; message?: string } & Record<
  string,
  unknown
>;

export type Imported = {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  lines: ImportLine[];
  /** The last line; undefined if the answer has none. */
  last: ImportLine | undefined;
};

export type ImportRequest = {
  query?: string;
  type?: string;
  headers?: Record<string, string>;
};

/** Sends the whole body at once. */
export async function importBody(
  url: string,
  body: string | Uint8Array,
  asked: ImportRequest = {},
): Promise<Imported> {
  const sending = openImport(url, asked);
  sending.end(body);
  return await sending.answer;
}

/** `answer` rejects if the connection breaks before the answer has ended. */
export function openImport(url: string, { query = '', type = 'text/csv', headers = {} }: ImportRequest = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<Imported>();
  const begun = Promise.withResolvers<IncomingMessage>();
  // A test may look at only one of the two.
  promise.catch(() => undefined);
  begun.promise.catch(() => undefined);
  const sent = request(`${url}/api/v1/customers/import${query}`, {
    method: 'POST',
    headers: { 'Content-Type': type, ...headers },
  });
  sent.once('response', (response) => {
    begun.resolve(response);
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.once('error', reject);
    response.once('end', () => {
      const isLines = response.headers['content-type']?.startsWith('application/x-ndjson') === true;
      const lines = isLines
        ? text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as ImportLine)
        : [];
      resolve({
        ...{ status: response.statusCode ?? 0, headers: response.headers, text, lines },
        last: lines.at(-1),
      });
    });
  });
  sent.on('error', (error) => {
    reject(error);
    begun.reject(error);
  });
  return {
    write: (part: string): boolean => sent.write(part),
    end: (part?: string | Uint8Array): void => void sent.end(part),
    leave: (): void => void sent.destroy(),
    request: sent,
    /** The head of the answer; pause it to be a slow reader. */
    response: begun.promise,
    answer: promise,
  };
}

/** Rows as CSV: `name,email`, of customers whose emails begin with the word. */
export function csvOf(word: string, rows: number, from = 0): string {
  const lines = Array.from({ length: rows }, (_, n) => `${word} ${from + n},${word}${from + n}@example.org`);
  return `name,email\n${lines.join('\n')}\n`;
}
