// The folder for temporary files: what is said where none can be made, and that it is gone afterwards.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { withTemporary } from '../../lib/competition/pack/temporary.js';
import { folderOf } from './support/folder.js';

const before = process.env['TMPDIR'];
afterEach(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
});

describe('the folder for temporary files', () => {
  it('is there while it is used, and gone afterwards, also after an error', async () => {
    process.env['TMPDIR'] = await folderOf();
    const seen: string[] = [];
    const use = async (folder: string): Promise<void> => {
      expect(existsSync(folder)).toBe(true);
      seen.push(folder);
      if (seen.length === 2) throw new Error('its work failed');
    };
    await withTemporary(use);
    await expect(withTemporary(use)).rejects.toThrow('its work failed');
    expect(seen.map((folder) => existsSync(folder))).toEqual([false, false]);
  });

  it.each([
    ['is not there', 'no'],
    ['is a file', 'file'],
  ])('is an error that names TMPDIR where that folder %s', async (_, name) => {
    const place = join(await folderOf({ file: '' }), name);
    process.env['TMPDIR'] = place;
    await expect(withTemporary(async () => 'used')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      stage: 'options',
      path: place,
      message: expect.stringMatching(
        /^a folder for temporary files cannot be made in .*; let the environment variable TMPDIR/,
      ),
    });
  });
});
