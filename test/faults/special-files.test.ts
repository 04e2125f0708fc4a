/**
 * What a name may stand for besides a file, at every place where a name is taken: a pipe whose opening waits for ever, a
 * device that never ends, a socket, a folder, a file too large, a file that somebody writes. Each is refused by name.
 * A test that hangs here is the fault that it looks for.
 */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import * as fsp from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import { openRegular, piecesOf } from '../../lib/core/regular-file.js';
import { readCsv } from '../../lib/runs/csv-read.js';
import { readFormat } from '../../lib/runs/format.js';
import { Journal, readJournal } from '../../lib/runs/journal.js';
import { lockOutput } from '../../lib/runs/lock.js';
import { readMetadata } from '../../lib/runs/metadata.js';
import { slideAt } from '../../lib/runs/slide-files.js';
import { openSlide } from '../../lib/index.js';

const thisFile = fileURLToPath(import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), 'microtome-special-'));
const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
  rmSync(scratch, { recursive: true, force: true });
});

let count = 0;
const place = (): string => join(scratch, `${++count}.csv`);

async function failureOf(promise: Promise<unknown>): Promise<MicrotomeError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MicrotomeError)) throw new Error(`expected a refusal, found ${String(error)}`);
  return error;
}

interface Kind {
  readonly name: string;
  /** What the message says where the name itself is looked at. */
  readonly found: string;
  /** What it says where links are followed. */
  readonly behind?: string;
  make(path: string): void | Promise<void>;
}

const kinds: readonly Kind[] = [
  { name: 'a FIFO', found: 'a named pipe (FIFO)', make: (path) => void execFileSync('mkfifo', [path]) },
  { name: '/dev/zero', found: 'a link', behind: 'a device', make: (path) => symlinkSync('/dev/zero', path) },
  { name: 'a folder', found: 'a folder', make: (path) => mkdirSync(path) },
  {
    name: 'a socket',
    found: 'a socket',
    make: (path) =>
      new Promise((resolve) => {
        const server = createServer().listen(path, resolve);
        closing.push(() => server.close());
      }),
  },
  {
    name: 'a file of 10 GB',
    found: 'a file of 10000000000 bytes, at most',
    make: (path) => {
      writeFileSync(path, 'filename,relapse\n');
      truncateSync(path, 10_000_000_000);
    },
  },
];

interface Place {
  readonly name: string;
  readonly code: string;
  readonly followsLinks: boolean;
  /** The name that is opened when `path` is given. */
  at?(path: string): string;
  open(path: string): Promise<unknown>;
}

const places: readonly Place[] = [
  { name: 'the format file', code: 'CSV_INVALID', followsLinks: true, open: (path) => readFormat(path) },
  { name: 'the metadata file', code: 'CSV_INVALID', followsLinks: true, open: (path) => readMetadata(path) },
  { name: 'the journal', code: 'RESUME_REFUSED', followsLinks: false, open: (path) => readJournal(path) },
  {
    name: 'the journal that is gone on with',
    code: 'RESUME_REFUSED',
    followsLinks: false,
    open: (path) => Journal.reopen(path, { key: {} as never, rows: new Map(), groups: [], wholeBytes: 1 }),
  },
  {
    name: 'the lock',
    code: 'FILE_UNREADABLE',
    followsLinks: false,
    at: (path) => `${path}.lock`,
    open: (path) => lockOutput(path),
  },
];

describe.each(places)('$name', ({ code, followsLinks, at, open }) => {
  it.each(kinds)('refuses $name', async (kind) => {
    const path = place();
    const named = at?.(path) ?? path;
    await kind.make(named);
    const error = await failureOf(open(path));
    expect(error.code).toBe(code);
    expect(error.path).toBe(named);
    expect(error.message).toContain(named);
    expect(error.message).toContain(followsLinks ? (kind.behind ?? kind.found) : kind.found);
  });
});

describe('a slide', () => {
  it.each(kinds.slice(0, 4))('is not $name', async ({ make }) => {
    const path = place();
    await make(path);
    expect((await failureOf(slideAt(path, 'a'))).code).toBe('NOT_A_SLIDE');
    expect((await failureOf(openSlide(path))).code).toBe('NOT_A_SLIDE');
  });
});

describe('a name that is exchanged after it was looked at', () => {
  /** Says of every name that it is a small file. */
  const deceived = { open: fsp.open, stat: () => fsp.stat(thisFile), lstat: () => fsp.stat(thisFile) };
  const rules = {
    maxBytes: 2 ** 20,
    refuse: (found: string) => new MicrotomeError('FILE_UNREADABLE', 'csv', found),
    fs: deceived as never,
  };

  it.each(kinds.filter(({ name }) => name !== 'a socket'))('$name is refused when it is open', async (kind) => {
    const path = place();
    await kind.make(path);
    expect((await failureOf(openRegular(path, rules))).message).toContain(kind.behind ?? kind.found);
  });

  it('for a link is not followed where links are not taken', async () => {
    const path = place();
    symlinkSync('/dev/zero', path);
    await expect(openRegular(path, { ...rules, followLinks: false })).rejects.toMatchObject({ code: 'ELOOP' });
  });
});

describe('a file that is written to while it is read', () => {
  const rules = {
    maxBytes: 2 ** 30,
    refuse: (found: string) => new MicrotomeError('FILE_UNREADABLE', 'csv', found),
  };

  it.each([
    ['grows without end', (path: string) => appendFileSync(path, Buffer.alloc(2 ** 18))],
    ['shrinks', (path: string) => truncateSync(path, 1)],
    ['is written over', (path: string) => writeFileSync(path, Buffer.alloc(2 ** 20, 2))],
  ])('%s', async (_, write) => {
    const path = place();
    writeFileSync(path, Buffer.alloc(2 ** 20, 1));
    let pieces = 0;
    const read = async (): Promise<void> => {
      for await (const piece of piecesOf(path, rules)) {
        expect(piece.length).toBeGreaterThan(0);
        expect(++pieces).toBeLessThan(10);
        write(path);
      }
    };
    expect((await failureOf(read())).message).toContain('written to while it was read');
  });

  it('a table', async () => {
    const path = place();
    writeFileSync(path, `a\n${'1\n'.repeat(2 ** 18)}`);
    const reading = readCsv(path, {
      bytes: 2 ** 30,
      rows: Number.MAX_SAFE_INTEGER,
      columns: 1,
      cells: Number.MAX_SAFE_INTEGER,
      // Asked for with each cell: the parser is in the middle of the file.
      get cellChars() {
        truncateSync(path, 2);
        return 10;
      },
    });
    const error = await failureOf(reading);
    expect([error.code, error.path]).toEqual(['CSV_INVALID', path]);
    expect(error.message).toContain('written to while it was read');
  });
});

describe('a journal with one endless line', () => {
  it.each([2 ** 20 + 1, 2 ** 29 + 1])('of %d bytes is refused', async (bytes) => {
    const path = place();
    writeFileSync(path, '{');
    truncateSync(path, bytes);
    const error = await failureOf(readJournal(path));
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain('a line of more than 1048576 bytes');
  });
});
