import { LOCALES } from '../support/locales.ts';
import { tellStories } from './locale-stories.ts';

/**
 * One locale in which A to Z follow other rules, and one of the C library; all others:
 * locales.proof.ts.
 */
const TOLD_ALWAYS = ['tr of ICU', 'C.UTF-8 of the C library'];

for (const name of TOLD_ALWAYS) tellStories(name, LOCALES[name] ?? '');
