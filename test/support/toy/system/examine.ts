// What doctor looks at: whether the credential may read what the sync needs, Toy's clock, and whether
// its webhooks can reach us. It only reads.
import { checks } from '../../../../lib/finding.ts';
import type { Examined, ExamineOptions } from '../../../../lib/integrations/definition.ts';
import { classify } from './classify.ts';
import { createToyClient, type ToyClientSettings } from './client.ts';

const WANTED: [what: string, path: string][] = [
  ['the account', '/account'],
  ['people', '/people?limit=1'],
  ['events', '/events?limit=1'],
];

export async function examineToy(
  settings: ToyClientSettings,
  { secrets }: Pick<ExamineOptions, 'secrets'>,
): Promise<Examined> {
  const call = createToyClient(settings);
  const rights: Examined['rights'] = [];
  let clock: Examined['clock'] = null;
  let mayIdentify = true;
  for (const [what, path] of WANTED) {
    try {
      const begun = Date.now();
      const { answered } = await call('GET', path);
      const ours = new Date((begun + Date.now()) / 2);
      if (answered.answeredAt !== null) clock ??= { theirs: answered.answeredAt, ours };
    } catch (error) {
      if (path === '/account') mayIdentify = false;
      const { code } = classify(error);
      const fix = 'Check TOY_URL and TOY_TOKEN, and what the token may read.';
      rights.push(checks.problem('key rights', `Toy does not answer a read of ${what}: ${code}`, fix));
    }
  }
  if (rights.length === 0) rights.push(checks.ok('key rights', 'may read the account, people and events'));
  return { rights, clock, mayIdentify, webhooks: judgeWebhooks(secrets) };
}

function judgeWebhooks(secrets: number): Examined['webhooks'] {
  if (secrets > 0) return [];
  return [
    checks.warning(
      'webhooks',
      'no signing secret is set, so changes made at Toy arrive by the list of events only',
      'Register https://<your host>/api/v1/webhooks/toy at Toy and set TOY_WEBHOOK_SECRET to its secret.',
    ),
  ];
}
