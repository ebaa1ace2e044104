import { LOCALES } from '../support/locales.ts';
import { tellStories } from './locale-stories.ts';

/**
 * A test shows that each locale folds the same bytes (test/db/email-fold.test.ts); two of them run
 * these cases with every `make test` (locales.test.ts).
 */
for (const [name, locale] of Object.entries(LOCALES)) tellStories(name, locale);
