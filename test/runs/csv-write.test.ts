import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { submissionNumber, submissionText } from '../../lib/runs/csv-write.js';
import { writeWhole } from '../../lib/runs/durable.js';
import { readCsv } from '../../lib/runs/csv-read.js';
import { MicrotomeError } from '../../lib/core/errors.js';
import { defaultClip } from '../../lib/scoring/result.js';
import { failureOf, faultyFileSystem, systemError, temporaryFolder } from './support.js';

const header = ['filename', 'relapse'] as const;

describe('numbers', () => {
  it.each([
    [0, '0.000001000'],
    [1, '0.999999000'],
    [-3, '0.000001000'],
    [0.5, '0.500000000'],
    [1 / 3, '0.333333333'],
    [1e-6, '0.000001000'],
    [5e-324, '0.000001000'],
    [0.1234567894999, '0.123456789'],
  ])('%d with the default clip is %s', (value, text) => {
    expect(submissionNumber(value, defaultClip)).toBe(text);
  });

  it("the bundle's own clip, or none", () => {
    expect(submissionNumber(0.001, [0.05, 0.9])).toBe('0.050000000');
    expect(submissionNumber(12.5, null)).toBe('12.500000000');
    expect(submissionNumber(-1e-12, null)).toBe('0.000000000');
    expect(submissionNumber(1e-7, null)).toBe('0.000000100');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%d is refused, with its row', (value) => {
    let error: unknown;
    try {
      submissionText(
        header,
        [
          { name: 'a.tif', value: 0.5 },
          { name: 'b.tif', value },
        ],
        null,
      );
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(MicrotomeError);
    expect((error as MicrotomeError).code).toBe('OUTPUT_NOT_FINITE');
    expect((error as MicrotomeError).message).toContain('"b.tif"');
  });

  it('a number too large for plain decimals is refused', () => {
    expect(() => submissionText(header, [{ name: 'a.tif', value: 1e22 }], null)).toThrow(/1e\+22/);
  });
});

describe('the text', () => {
  it('header, order, line feeds; names are quoted where they must be and read back', async () => {
    const rows = ['z.tif', 'a,b.tif', 'say "x".tif'].map((name) => ({ name, value: 0.25 }));
    const text = submissionText(header, rows, defaultClip);
    expect(text).toBe('filename,relapse\nz.tif,0.250000000\n"a,b.tif",0.250000000\n"say ""x"".tif",0.250000000\n');
    const path = join(await temporaryFolder(), 'out.csv');
    await writeWhole(path, text);
    expect((await readCsv(path)).rows.map((row) => row.cells[0])).toEqual(rows.map((row) => row.name));
  });
});

describe('written whole or not at all', () => {
  const kText = 'filename,relapse\na.tif,0.500000000\n';

  for (const old of [null, 'what was there before\n']) {
    for (const operation of ['open', 'write', 'sync', 'close', 'rename'] as const) {
      for (const errno of ['ENOSPC', 'EIO']) {
        it(`${operation} fails with ${errno}, ${old === null ? 'nothing' : 'an older file'} there`, async () => {
          const folder = await temporaryFolder();
          const path = join(folder, 'out.csv');
          if (old !== null) await writeFile(path, old);
          const fs = faultyFileSystem((done, at) => {
            if (done === operation && at.startsWith(path)) throw systemError(errno);
          });
          const error = await failureOf(writeWhole(path, kText, fs));
          expect(error.code).toBe(errno === 'ENOSPC' ? 'DISK_FULL' : 'FILE_UNREADABLE');
          expect(error.message).toContain(errno);
          expect(await readdir(folder)).toEqual(old === null ? [] : ['out.csv']);
          if (old !== null) expect(await readFile(path, 'utf8')).toBe(old);
        });
      }
    }
  }

  it('a short write is continued', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.csv');
    const fs = faultyFileSystem(() => {});
    const short: typeof fs = {
      ...fs,
      open: async (...args) => {
        const handle = await fs.open(...args);
        return new Proxy(handle, {
          get(target, key) {
            if (key !== 'write') {
              const value: unknown = Reflect.get(target, key, target);
              return typeof value === 'function' ? value.bind(target) : value;
            }
            return (data: Uint8Array, offset: number, length: number) =>
              target.write(data, offset, Math.min(length, 5));
          },
        });
      },
    };
    await writeWhole(path, kText, short);
    expect(await readFile(path, 'utf8')).toBe(kText);
  });

  it('the order is: write, sync the file, ask, rename, sync the folder', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.csv');
    const seen: string[] = [];
    const fs = faultyFileSystem((operation, at) => seen.push(`${operation} ${at.slice(folder.length)}`));
    await writeWhole(path, kText, fs, async () => {
      seen.push('ask');
    });
    expect(seen.filter((line) => !line.startsWith('close') && !line.startsWith('unlink'))).toEqual([
      'open /out.csv.tmp',
      'write /out.csv.tmp',
      'sync /out.csv.tmp',
      'ask',
      'rename /out.csv',
      'open ',
      'sync ',
    ]);
  });

  it('a refusal before the rename leaves nothing', async () => {
    const folder = await temporaryFolder();
    const refusal = new MicrotomeError('OUTPUT_LOCKED', 'csv', 'made by the test');
    const writing = writeWhole(join(folder, 'out.csv'), kText, undefined, () => Promise.reject(refusal));
    expect(await failureOf(writing)).toBe(refusal);
    expect(await readdir(folder)).toEqual([]);
  });

  it('the left-over of a killed writer is replaced', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'out.csv');
    await writeFile(`${path}.tmp`, 'half a fi');
    await writeWhole(path, kText);
    expect(await readdir(folder)).toEqual(['out.csv']);
  });
});
