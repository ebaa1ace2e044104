// An API that answers what a test says, and records what it was asked: for acts of pages, without a server.

import type { Api, Ask } from '../../console/api.ts';

type Answer = unknown;
export type Asked = { path: string; query: Ask['query'] };
export type Post = { path: string; in: Ask['path']; body: object; once: string };

/** `answers`: by `/api/v1/…` or `POST /api/v1/…`. An Error is thrown. */
export function fakeApi(answers: Record<string, Answer>): { api: Api; asked: Asked[]; posted: Post[] } {
  const asked: Asked[] = [];
  const posted: Post[] = [];
  const told = (name: string): unknown => {
    const answer = answers[name];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const api = {
    get: (path: string, { query }: Ask = {}) => {
      asked.push({ path, query });
      return new Promise((resolve) => resolve(told(path)));
    },
    list: (path: string, { query }: Ask = {}) => {
      asked.push({ path, query });
      return new Promise((resolve) => resolve({ rows: told(path), next: null }));
    },
    post: (path: string, { path: inPath, body, once }: Ask & { body: object; once: string }) => {
      posted.push({ path, in: inPath, body, once });
      return new Promise((resolve) => resolve(told(`POST ${path}`)));
    },
  };
  return { api: api as Api, asked, posted };
}
