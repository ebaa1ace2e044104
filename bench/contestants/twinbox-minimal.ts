import { createTwinbox } from './twinbox.ts';

/** The same relay with one header for each record, as peers send it. */
export const contestant = createTwinbox('twinbox-minimal', 'minimal');
