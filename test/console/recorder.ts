// An API that answers what a test lays out, and keeps what was posted to it.
import { ApiError, type Api } from '../../console/api.ts';

export type Post = { path: string; of: Record<string, string | number>; body: object; once: string };

export type Answers = {
  gets?: Record<string, unknown>;
  /** By its path; an ApiError is thrown. */
  posts?: Record<string, unknown>;
};

export function recorder({ gets = {}, posts = {} }: Answers): { api: Api; posted: Post[] } {
  const posted: Post[] = [];
  const answerOf = (answers: Record<string, unknown>, path: string): unknown => {
    const answer = answers[path];
    if (answer instanceof ApiError) throw answer;
    if (answer === undefined) throw new Error(`the test has no answer to ${path}`);
    return answer;
  };
  // The types of the answers are the test's business: each is laid out for its page.
  const api = {
    async get(path: string) {
      return answerOf(gets, path);
    },
    async list(path: string) {
      return { rows: answerOf(gets, path), next: null };
    },
    async post(
      path: string,
      { path: of = {}, body, once }: { path?: Post['of']; body: object; once: string },
    ) {
      posted.push({ path, of, body, once });
      return answerOf(posts, path);
    },
  } as unknown as Api;
  return { api, posted };
}
