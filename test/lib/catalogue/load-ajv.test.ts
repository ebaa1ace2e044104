import { Ajv } from 'ajv';
import { expect } from 'chai';
import { configSchema } from '../../../lib/catalogue/config-schema.ts';
import { documentForm } from '../../../lib/catalogue/document-form.ts';
import { settingsSchema } from '../../../lib/config/schema.ts';
import { externalSchema, parkedSchema, reportedSchema, rowSchema } from '../../../lib/events/schemas.ts';

const OWN: Record<string, object> = {
  configSchema,
  documentForm,
  settingsSchema,
  externalSchema,
  parkedSchema,
  reportedSchema,
  rowSchema,
};

describe('the schemas that are compiled without a look at their own form', () => {
  const ajv = new Ajv();
  for (const [name, schema] of Object.entries(OWN))
    it(`${name} is a JSON Schema`, () => {
      expect(ajv.validateSchema(schema), ajv.errorsText()).to.equal(true);
    });
});
