// The part of the contract about changes that need several requests, or that a record may forbid
// (`Integration.next`): asked of a system that has it, with the stages of its records.
import { expect } from 'chai';
import type { Fields } from '../../../lib/catalogue/document.ts';
import type { ExternalRecord, WriteRequest } from '../../../lib/integrations/integration.ts';
import type { NextQuestion } from '../../../lib/integrations/next-request.ts';
import { MOST_PARTS } from '../../../lib/sync/unending.ts';
import type { ContractHarness, Stages } from './contract-harness.ts';
import type { Kit } from './contract-kit.ts';
import { present, required } from './expecting.ts';

type NextKit = Pick<Kit, 'itWithNext' | 'failureOf' | 'newTag'> & {
  harness: () => Pick<ContractHarness, 'integration' | 'effects'>;
};

export function describeNext({ itWithNext, failureOf, newTag, harness }: NextKit, stages?: Stages): void {
  let serial = 0;
  const stagesOf = (): Stages => required(stages);

  const differing = (ours: Fields, theirs: Fields | null): string[] =>
    Object.keys(ours).filter(
      (name) =>
        theirs === null || JSON.stringify(ours[name] ?? null) !== JSON.stringify(theirs[name] ?? null),
    );
  const mappedOf = (fields: Fields): Fields =>
    Object.fromEntries(
      harness().integration.document.fields.map(({ external }) => [external, fields[external] ?? null]),
    );

  async function write(record: ExternalRecord | null, fields: Fields, as?: string): Promise<ExternalRecord> {
    const { integration } = harness();
    const externalId = record?.externalId ?? null;
    const request: WriteRequest = {
      ...{ operation: record ? 'update' : 'create', key: `next-${process.pid}-${(serial += 1)}`, externalId },
      body: integration.body(fields, record ? null : newTag(), record?.version, record ? undefined : {}, as),
    };
    // As it comes back from the database.
    const written = await integration.write(JSON.parse(JSON.stringify(request)) as WriteRequest);
    return required(written.record);
  }

  /** Sends request after request until nothing is left; returns the record and how many were sent. */
  async function bring(
    record: ExternalRecord | null,
    ours: Fields,
  ): Promise<{ record: ExternalRecord; sent: number }> {
    const next = required(harness().integration.next);
    let now = record;
    for (let sent = 0; ; sent += 1) {
      const theirs = now && mappedOf(now.fields);
      const push = differing(ours, theirs);
      if (now && push.length === 0) return { record: now, sent };
      expect(sent, 'requests').to.be.lessThan(MOST_PARTS);
      const question: NextQuestion = { ours, theirs, push };
      const answer = next(structuredClone(question));
      expect(next(structuredClone(question)), 'the same question again').to.deep.equal(answer);
      if (answer === null || !('carry' in answer)) throw new Error(`no request: ${JSON.stringify(answer)}`);
      expect(push).to.include.members(Object.keys(answer.carry));
      now = await write(now, answer.carry, answer.as);
      expect(mappedOf(now.fields)).to.deep.include(answer.carry);
    }
  }

  async function bringToTheLast(): Promise<ExternalRecord> {
    let record: ExternalRecord | null = null;
    for (const ours of stagesOf().wanted) record = (await bring(record, ours)).record;
    return required(record);
  }

  describe('several requests for one change', () => {
    itWithNext('bring a record to each stage, and end; an answer shows what each carried', async () => {
      const effects = harness().effects();
      let record: ExternalRecord | null = null;
      let requests = 0;
      for (const ours of stagesOf().wanted) {
        const brought = await bring(record, ours);
        record = brought.record;
        requests += brought.sent;
        const { record: read } = present(await harness().integration.fetch(record.externalId));
        expect(mappedOf(read.fields)).to.deep.equal(mappedOf(ours));
      }
      expect(harness().effects() - effects, 'effects').to.equal(requests);
      expect(requests, 'requests for these stages').to.be.greaterThan(stagesOf().wanted.length);
    });

    itWithNext('are refused by next where the record forbids them, with a reason', async () => {
      const record = await bringToTheLast();
      const theirs = mappedOf(record.fields);
      const { field, value } = stagesOf().forbidden;
      const next = required(harness().integration.next);
      const answer = next({ ours: { ...theirs, [field]: value }, theirs, push: [field] });
      expect(answer).to.have.nested.property('refuse.field', field);
      expect(answer)
        .to.have.nested.property('refuse.reason')
        .that.matches(/^[a-z][a-z0-9_]*$/);
    });

    itWithNext('that the record forbids by now are a conflict without effect', async () => {
      const record = await bringToTheLast();
      const { field, value } = stagesOf().forbidden;
      const effects = harness().effects();
      expect(await failureOf(() => write(record, { [field]: value }))).to.include({
        ...{ kind: 'conflict', scope: 'entity', nothingHappened: true },
      });
      expect(harness().effects()).to.equal(effects);
    });
  });
}
