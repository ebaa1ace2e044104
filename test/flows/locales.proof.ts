import { LOCALES } from '../support/locales.ts';
import { tellStories } from './locale-stories.ts';

/** That each folds the same bytes is a test (test/db/email-fold.test.ts); two of them tell their story there as well (locales.test.ts). */
for (const [name, locale] of Object.entries(LOCALES)) tellStories(name, locale);
