/**
 * The file under `dataDir`: one JSON line per call, appended before the call is answered. The
 * operating system has a line when `append` returns, so the line survives a kill -9 of this process
 * (not a power cut: lines are not fsynced, because this is a test double). At the start the lines
 * are read, the last one is dropped if it is incomplete, and the file is rewritten without lines
 * that later ones replace.
 */
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from './folder.ts';
import { takeLock } from './lock.ts';

export type Journal = {
  /**
   * Reads every line, oldest first; `tornLine` says whether an incomplete last line was dropped.
   */
  read(eachLine: (line: string) => void): { tornLine: boolean };
  /** Replaces all lines that were read by these, and opens the file for appending. */
  rewrite(lines: Iterable<string>): void;
  append(line: string): void;
  close(): void;
};

const CHUNK = 1 << 20;

export function openJournal(dataDir: string): Journal {
  makeFolder(dataDir);
  const releaseLock = takeLock(dataDir);
  const path = join(dataDir, 'journal.jsonl');
  let file: number | null = null;

  function read(eachLine: (line: string) => void): { tornLine: boolean } {
    const source = openSync(path, 'a+', 0o600);
    const chunk = Buffer.alloc(CHUNK);
    let rest: Buffer = Buffer.alloc(0);
    try {
      for (let size = readSync(source, chunk, 0, CHUNK, 0), at = 0; size > 0;) {
        rest = eachWholeLine(Buffer.concat([rest, chunk.subarray(0, size)]), eachLine);
        at += size;
        size = readSync(source, chunk, 0, CHUNK, at);
      }
    } finally {
      closeSync(source);
    }
    return { tornLine: rest.length > 0 };
  }

  function rewrite(lines: Iterable<string>): void {
    const next = `${path}.next`;
    rmSync(next, { force: true });
    const target = openSync(next, 'ax', 0o600);
    let batch = '';
    for (const line of lines) {
      batch += `${line}\n`;
      if (batch.length > CHUNK) {
        writeAll(target, batch);
        batch = '';
      }
    }
    writeAll(target, batch);
    fsyncSync(target);
    renameSync(next, path);
    file = target;
  }

  return {
    read,
    rewrite,
    append(line) {
      if (file === null) throw new Error('The journal is not open.');
      writeAll(file, `${line}\n`);
    },
    close() {
      if (file !== null) closeSync(file);
      file = null;
      releaseLock();
    },
  };
}

function eachWholeLine(text: Buffer, eachLine: (line: string) => void): Buffer {
  let start = 0;
  for (let end = text.indexOf(10); end !== -1; end = text.indexOf(10, start)) {
    eachLine(text.toString('utf8', start, end));
    start = end + 1;
  }
  return Buffer.from(text.subarray(start));
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
