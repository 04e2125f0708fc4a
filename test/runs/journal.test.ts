import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import { checkKey, Journal, readJournal } from '../../lib/runs/journal.js';
import { formatLine, parseLine, type JournalKey, type JournalRow } from '../../lib/runs/journal-format.js';
import { failureOf, faultyFileSystem, systemError, temporaryFolder } from './support.js';

const key: JournalKey = {
  version: 2,
  tool: '1.0.0',
  model: { name: 'a model', sha256: 'a'.repeat(64) },
  machine: { 'ONNX Runtime': '1.29.0', 'the SIMD level': 'avx2' },
  metadata: false,
  options: { mpp: 0.5, keep: 'all' },
};
const own = { slideMpp: null, warned: false, options: {} };

const nameOf = (index: number): string => `näme "${index}".tif`;

function row(index: number, score: number | null = index / 7): JournalRow {
  const identity = { size: '18446744073709551615', mtimeNs: '1700000000123456789', inode: '42' };
  return { name: nameOf(index), identity, score, error: score === null ? 'CORRUPT_TILE' : null, own };
}

async function journalOf(rows: readonly JournalRow[]): Promise<string> {
  const path = join(await temporaryFolder(), 'out.csv.journal');
  const journal = await Journal.create(path, key);
  for (const one of rows) await journal.append(one);
  await journal.close();
  return path;
}

describe('lines', () => {
  it('read back exactly, scores to the last bit', () => {
    for (const score of [0.1 + 0.2, 5e-324, Number.MAX_VALUE, -0.75, 1 / 3, 1 - 2 ** -53]) {
      const line = { row: row(3, score) };
      const text = formatLine(line);
      expect(text.endsWith('\n')).toBe(true);
      expect(text.split('\n')).toHaveLength(2);
      expect(() => JSON.parse(text)).not.toThrow();
      expect(parseLine(text.slice(0, -1))).toEqual(line);
    }
    expect(parseLine(formatLine({ head: key }).slice(0, -1))).toEqual({ head: key });
  });

  it('one changed character anywhere makes a line nothing', () => {
    const text = formatLine({ row: row(3) }).slice(0, -1);
    for (let i = 0; i < text.length; ++i) {
      const other = text[i] === '1' ? '2' : '1';
      expect(parseLine(text.slice(0, i) + other + text.slice(i + 1)), `at ${i}`).toBeNull();
      expect(parseLine(text.slice(0, i)), `cut at ${i}`).toBeNull();
    }
  });

  it('a valid sum over something that is no row of ours is nothing', async () => {
    const { sha256 } = await import('../../lib/runs/canonical.js');
    for (const value of [
      { row: { name: 'a' } },
      { row: { ...row(1), score: 'x' } },
      { row: { ...row(1), error: 'NO' } },
      { row: { ...row(1), own: undefined } },
      { row: { ...row(1), own: { ...own, slideMpp: 'x' } } },
      { head: { ...key, version: 1 } },
      { head: { ...key, model: 'a' } },
      { x: 1 },
      {},
    ]) {
      const body = JSON.stringify(value).slice(1);
      expect(parseLine(`{"sum":"${sha256(body).slice(0, 16)}",${body}`)).toBeNull();
    }
  });
});

describe('torn and damaged journals', () => {
  it('cut at every byte: whole lines count, the rest is cut off, and the journal goes on', async () => {
    const rows = [row(0), row(2), row(1, null), row(3)];
    const whole = await readFile(await journalOf(rows));
    const ends = [...whole.keys()].filter((i) => whole[i] === 0x0a).map((i) => i + 1);
    const folder = await temporaryFolder();
    const path = join(folder, 'cut.journal');
    for (let length = 0; length <= whole.length; ++length) {
      await writeFile(path, whole.subarray(0, length));
      const read = await readJournal(path);
      const lines = ends.filter((end) => end <= length).length;
      if (lines === 0) {
        expect(read, `cut at ${length}`).toBeNull();
        continue;
      }
      expect([...(read?.rows.values() ?? [])], `cut at ${length}`).toEqual(rows.slice(0, lines - 1));
      expect(read?.key).toEqual(key);
      // Each time the disk is waited for: around the ends of lines, and here and there.
      if (length % 9 !== 0 && !ends.some((end) => Math.abs(end - length) <= 1)) continue;
      const journal = await Journal.reopen(path, read as NonNullable<typeof read>);
      await journal.append(row(9));
      await journal.close();
      const again = await readJournal(path);
      expect([...(again?.rows.values() ?? [])]).toEqual([...rows.slice(0, lines - 1), row(9)]);
    }
  });

  it('one changed byte anywhere is refused, unless it merges the end into a torn line', async () => {
    const path = await journalOf([row(0), row(1)]);
    const whole = await readFile(path);
    for (let i = 0; i < whole.length; ++i) {
      const damaged = Buffer.from(whole);
      damaged[i] = (damaged[i] ?? 0) ^ 0x20;
      await writeFile(path, damaged);
      if (i === whole.length - 1) expect((await readJournal(path))?.rows.size).toBe(1);
      else expect((await failureOf(readJournal(path))).code, `byte ${i}`).toBe('RESUME_REFUSED');
    }
  });

  it.each([
    ['a missing head', (lines: string[]) => lines.slice(1), 'the head line is missing'],
    ['a second head', (lines: string[]) => [...lines, lines[0] ?? ''], 'second head line'],
    ['a row twice', (lines: string[]) => [...lines, lines[1] ?? ''], 'a second time'],
    ['an empty line', (lines: string[]) => [...lines, '\n'], 'line 4 is damaged'],
    ['a line of zeros', (lines: string[]) => [...lines, '\0\0\0\n'], 'line 4 is damaged'],
  ])('%s is refused', async (_, change, message) => {
    const path = await journalOf([row(0), row(1)]);
    const lines = (await readFile(path, 'utf8')).split(/(?<=\n)/);
    await writeFile(path, change(lines).join(''));
    const error = await failureOf(readJournal(path));
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain(message);
    expect(error.path).toBe(path);
  });

  it('zeros after the last line, without a line feed, are a torn end', async () => {
    const path = await journalOf([row(0)]);
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(300)]));
    expect((await readJournal(path))?.rows.size).toBe(1);
  });

  it('a slide that failed may be there again, a scored one not', async () => {
    const read = await readJournal(await journalOf([row(0, null), row(0, null), row(0, 0.5)]));
    expect(read?.rows.get(nameOf(0))?.score).toBe(0.5);
    expect((await failureOf(readJournal(await journalOf([row(0, 0.5), row(0, null)])))).code).toBe('RESUME_REFUSED');
  });
});

describe('a row that was scored again', () => {
  it('counts as it was scored last, where its key had changed', async () => {
    const before = row(0, 0.5);
    const after = { ...row(0, 0.75), own: { ...own, slideMpp: 0.25 } };
    const path = await journalOf([before, row(1), after]);
    const read = await readJournal(path);
    expect(read?.rows.get(nameOf(0))).toEqual(after);
    // A journal that is gone on with has one line for each row.
    await (await Journal.reopen(path, read as NonNullable<typeof read>)).close();
    expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(3);
    expect((await readJournal(path))?.rows).toEqual(read?.rows);
  });
});

describe('the key', () => {
  const messageOf = (now: JournalKey): string => {
    try {
      checkKey('J', key, now);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('names everything that differs, with both sides', () => {
    const message = messageOf({ ...key, options: { mpp: 1, level: 2, keep: 'all' }, tool: '1.1.0' });
    expect(message).toContain('the journal J cannot be resumed');
    expect(message).toContain('the version of microtome was 1.0.0 and is 1.1.0');
    expect(message).toContain('the option level was not given and is 2');
    expect(message).toContain('the option mpp was 0.5 and is 1');
    expect(message).not.toContain('keep');
    expect(message).not.toContain('the model was');
    expect(message).toContain('overwrite: true');
    expect(messageOf(structuredClone(key))).toBe('');
  });

  it('names the model, the libraries and the instructions, not two hashes', () => {
    const other = { name: 'another', sha256: 'b'.repeat(64) };
    expect(messageOf({ ...key, model: other })).toContain(
      'the model was "a model" (sha256 aaaaaaaaaaaa…) and is "another" (sha256 bbbbbbbbbbbb…)',
    );
    // The same files under another name are the same model.
    expect(messageOf({ ...key, model: { ...key.model, name: 'renamed' } })).toBe('');
    const machine = { 'ONNX Runtime': '1.30.0', 'the SIMD level': 'avx512' };
    const message = messageOf({ ...key, machine });
    expect(message).toContain('ONNX Runtime was 1.29.0 and is 1.30.0');
    expect(message).toContain('the SIMD level was avx2 and is avx512');
  });

  it('a mask is told by what happened to it', () => {
    const digest = (char: string) => `sha256:${char.repeat(64)}`;
    const masked = { ...key, options: { mask: digest('a') } };
    expect(() => checkKey('J', masked, { ...key, options: { mask: digest('b') } })).toThrow(
      'the content of mask is not what it was',
    );
    expect(() => checkKey('J', masked, { ...key, options: {} })).toThrow('the option mask was given and is not given');
  });

  it('metadata that is given for the first time is no difference, metadata that is left out is one', () => {
    expect(messageOf({ ...key, metadata: true })).toBe('');
    expect(() => checkKey('J', { ...key, metadata: true }, key)).toThrow(
      'the metadata file was given and is not given (metadata)',
    );
  });
});

describe('appending', () => {
  it('is on disk when it resolves, and keeps the order of the calls', async () => {
    const path = join(await temporaryFolder(), 'j');
    const synced: string[] = [];
    const fs = faultyFileSystem((operation, at) => {
      if (at === path) synced.push(operation);
    });
    const journal = await Journal.create(path, key, fs);
    synced.length = 0;
    await Promise.all([0, 1, 2].map((i) => journal.append(row(i))));
    expect(synced).toEqual(['write', 'datasync', 'write', 'datasync', 'write', 'datasync']);
    await journal.close();
    expect([...((await readJournal(path))?.rows.keys() ?? [])]).toEqual([0, 1, 2].map(nameOf));
  });

  it('nothing follows a failed append, and what was whole before is read', async () => {
    const path = join(await temporaryFolder(), 'j');
    let full = false;
    const fs = faultyFileSystem((operation, at) => {
      if (full && operation === 'write' && at === path) throw systemError('ENOSPC');
    });
    const journal = await Journal.create(path, key, fs);
    await journal.append(row(0));
    full = true;
    const failed = journal.append(row(1));
    const after = journal.append(row(2));
    expect((await failureOf(failed)).code).toBe('DISK_FULL');
    full = false;
    expect((await failureOf(after)).code).toBe('DISK_FULL');
    await journal.close();
    expect([...((await readJournal(path))?.rows.keys() ?? [])]).toEqual([nameOf(0)]);
  });

  it('asks before each line whether it may, and writes nothing more where it may not', async () => {
    const path = join(await temporaryFolder(), 'j');
    let isOurs = true;
    const refusal = new MicrotomeError('OUTPUT_LOCKED', 'csv', 'made by the test');
    const journal = await Journal.create(path, key, undefined, async () => {
      if (!isOurs) throw refusal;
    });
    await journal.append(row(0));
    isOurs = false;
    expect(await failureOf(journal.append(row(1)))).toBe(refusal);
    isOurs = true;
    expect(await failureOf(journal.append(row(2)))).toBe(refusal);
    await journal.close();
    expect([...((await readJournal(path))?.rows.keys() ?? [])]).toEqual([nameOf(0)]);
  });

  it('in a file that was replaced is told, and the file of the other run stays', async () => {
    const path = await journalOf([row(0)]);
    const read = (await readJournal(path)) as NonNullable<Awaited<ReturnType<typeof readJournal>>>;
    const first = await Journal.reopen(path, read);
    const second = await Journal.reopen(path, read);
    const error = await failureOf(first.append(row(1)));
    expect(error.code).toBe('OUTPUT_LOCKED');
    expect(error.message).toContain('replaced by another run');
    await second.append(row(2));
    await first.remove();
    await second.close();
    expect([...((await readJournal(path))?.rows.keys() ?? [])]).toEqual([nameOf(0), nameOf(2)]);
  });

  it('a disk that is full at the start leaves no journal', async () => {
    const path = join(await temporaryFolder(), 'j');
    const fs = faultyFileSystem((operation, at) => {
      if (operation === 'sync' && at === path) throw systemError('ENOSPC');
    });
    expect((await failureOf(Journal.create(path, key, fs))).code).toBe('DISK_FULL');
    expect(await readJournal(path)).toBeNull();
  });

  it('removing is final, closing twice is fine', async () => {
    const path = await journalOf([row(0)]);
    const read = await readJournal(path);
    const journal = await Journal.reopen(path, read as NonNullable<typeof read>);
    await journal.remove();
    await journal.close();
    expect(await readJournal(path)).toBeNull();
    await truncate(path).catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('ENOENT'));
  });
});
