// The systems that can be kept in step, a line for each: lib/config/systems.ts has a line with the same
// name for the settings of each, and says in which order they are shown.
export { stripe } from './stripe/definition.ts';
