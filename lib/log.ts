/** The one owner of winston. A line is an event and its fields, never a sentence put together from values. */
import { createRequire } from 'node:module';
import type * as Winston from 'winston';
import { escapeUnseen, escapeUnseenJson } from './escape-unseen.ts';
import { redact } from './redact.ts';

export type LogFields = Readonly<Record<string, unknown>>;
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export type Logger = Record<LogLevel, (event: string, fields?: LogFields) => void> & {
  /** The same log; every line also has these fields. */
  child(fields: LogFields): Logger;
};

export type LoggerOptions = {
  level: LogLevel;
  /** `json`: one object per line. `pretty`: for a person at a terminal. */
  format: 'json' | 'pretty';
  /** Default standard error: standard output is for data. */
  stream?: NodeJS.WritableStream;
};

// Loaded with the first line: it takes 60 ms, and most commands write none.
const require = createRequire(import.meta.url);
const loadWinston = () => require('winston') as typeof Winston;

const LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

export function createLogger({ level, format, stream = process.stderr }: LoggerOptions): Logger {
  let opened: Winston.Logger | undefined;
  const open = () => (opened ??= openWinston(level, stream));
  const colour = 'isTTY' in stream && stream.isTTY === true;
  const render = format === 'json' ? renderJson : colour ? renderColour : renderPretty;

  function bind(bound: LogFields): Logger {
    const write = (lineLevel: LogLevel) => {
      // Asked before anything is copied, so that debug lines cost nothing where they are off.
      const on = LEVELS.indexOf(lineLevel) <= LEVELS.indexOf(level);
      return (event: string, fields: LogFields = {}) => {
        if (!on) return;
        const safe = redact({ ...bound, ...fields }) as LogFields;
        open().log(lineLevel, render(new Date(), lineLevel, event, safe));
      };
    };
    return {
      error: write('error'),
      warn: write('warn'),
      info: write('info'),
      debug: write('debug'),
      child: (fields) => bind({ ...bound, ...fields }),
    };
  }
  return bind({});
}

function openWinston(level: LogLevel, stream: NodeJS.WritableStream): Winston.Logger {
  const winston = loadWinston();
  return winston.createLogger({
    level,
    levels: Object.fromEntries(LEVELS.map((name, index) => [name, index])),
    format: winston.format.printf((info) => String(info.message)),
    transports: [new winston.transports.Stream({ stream })],
  });
}

function renderJson(time: Date, level: LogLevel, event: string, fields: LogFields): string {
  const head = { time: time.toISOString(), level, event };
  // Twice: the head stands first, and no field can take its place.
  return escapeUnseenJson(JSON.stringify(Object.assign({ ...head }, fields, head)));
}

function renderPretty(time: Date, level: string, event: string, fields: LogFields): string {
  const words = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quote(value) : JSON.stringify(value)}`);
  return escapeUnseen([time.toISOString().slice(11, 23), level.padEnd(5), event, ...words].join(' '));
}

const COLOURS: Record<LogLevel, number> = { error: 31, warn: 33, info: 36, debug: 90 };

function renderColour(time: Date, level: LogLevel, event: string, fields: LogFields): string {
  return renderPretty(time, level, event, fields).replace(
    level,
    `\u001b[${COLOURS[level]}m${level}\u001b[0m`,
  );
}

function quote(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}
