import { exit } from '../lib/process/exit.ts';

export { exit };

/** An expected failure: its message is all that a person has to read. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command works on the database itself, and the settings name an API. cli/run.ts says which command. */
export class NeedsDatabase extends CliError {
  constructor() {
    super(
      exit.usage,
      'works on the database itself, and TWINBOX_API_URL names an API. Leave TWINBOX_API_URL out, and run the command where DATABASE_URL or the data folder is at hand.',
    );
  }
}
