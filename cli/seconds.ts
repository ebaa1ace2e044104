import { InvalidArgumentError } from 'commander';

const DAY = 86_400;

/** The argument of `--wait`. */
export function toSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= DAY))
    throw new InvalidArgumentError('It must be a number of seconds.');
  return seconds;
}
