/** DICOM slides: the files of a series, and what is refused before OpenSlide sees it. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { checkedFilesOfSlide, filesOfSlide } from '../../lib/slide/files/slide-files.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { dataDir, slideFile } from '../support/data.js';
import { dicomFile, element, openSequence, type DicomOptions } from './makers.js';

async function folderOf(files: Readonly<Record<string, DicomOptions | Buffer>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, file] of Object.entries(files))
    await writeFile(join(folder, name), Buffer.isBuffer(file) ? file : dicomFile(file));
  return folder;
}

async function namesOf(path: string): Promise<readonly string[]> {
  return (await filesOfSlide(path)).parts.map((part) => basename(part.path));
}

const label: DicomOptions = { imageType: 'ORIGINAL\\PRIMARY\\LABEL\\NONE', frames: 1, matrix: [256, 256] };

describe('the files of a series', () => {
  it('are those of one folder that have its UID, whatever their names', async () => {
    const folder = await folderOf({
      'b.dcm': {},
      'a.dcm': label,
      IM0001: { matrix: [250, 200], frames: 1 },
      'other.dcm': { series: '1.2.3.99' },
      'notes.txt': Buffer.from('no DICOM'),
    });
    expect(await namesOf(join(folder, 'b.dcm'))).toEqual(['IM0001', 'a.dcm', 'b.dcm']);
    expect(await namesOf(join(folder, 'IM0001'))).toEqual(['IM0001', 'a.dcm', 'b.dcm']);
    expect(await namesOf(join(folder, 'other.dcm'))).toEqual(['other.dcm']);
    const { kind, main } = await filesOfSlide(join(folder, 'a.dcm'));
    expect([kind, basename(main.path)]).toEqual(['dicom', 'a.dcm']);
  });

  it('are read with implicit value representations, and past sequences of undefined length', async () => {
    const nested = openSequence(0x00081115, openSequence(0x00081199, element(0x00081150, 'UI', Buffer.from('1.2\0'))));
    const folder = await folderOf({ 'a.dcm': { implicit: true }, 'b.dcm': { ...label, before: nested } });
    expect(await namesOf(join(folder, 'a.dcm'))).toEqual(['a.dcm', 'b.dcm']);
  });

  it('a file with the mark of DICOM that is a TIFF is a TIFF', async () => {
    const bytes = dicomFile();
    bytes.write('II*\0', 0, 'latin1');
    const folder = await folderOf({ 'a.dcm': bytes });
    expect((await filesOfSlide(join(folder, 'a.dcm'))).kind).toBe('single');
    expect(await checkedFilesOfSlide(join(folder, 'a.dcm'))).toBeNull();
  });

  it('what is named as a TIFF and is DICOM is checked before it is opened', async () => {
    const folder = await folderOf({ 'a.tif': { frames: 3 } });
    expect((await filesOfSlide(join(folder, 'a.tif'))).kind).toBe('single');
    expect((await failureOf(checkedFilesOfSlide(join(folder, 'a.tif')))).code).toBe('SLIDE_INCOMPLETE');
  });

  it.skipIf(dataDir === null)('a real file of one level', async () => {
    const name = 'multiframe_camelyon_challenge_image.dcm';
    expect(await namesOf(slideFile(name))).toEqual([name]);
  });
});

describe('what is refused of a series', () => {
  const parts = (numbers: readonly number[], total: number | null): Record<string, DicomOptions> =>
    Object.fromEntries(
      numbers.map((number) => [`${number}.dcm`, { source: '1.9', frames: 2, part: [number, total] as const }]),
    );

  it('parts that add up are whole', async () => {
    const folder = await folderOf(parts([1, 2], 2));
    expect(await namesOf(join(folder, '2.dcm'))).toEqual(['1.dcm', '2.dcm']);
  });

  it.each([
    ['the first', [2, 3], 3, 'part 1 of 3'],
    ['one in the middle', [1, 3], null, 'part 2 of 3'],
    ['the last two', [1], 3, 'part 2, 3 of 3'],
  ] as const)('a part that is missing: %s', async (_, numbers, total, found) => {
    const folder = await folderOf(parts(numbers, total));
    const error = await failureOf(filesOfSlide(join(folder, `${numbers[0]}.dcm`)));
    expect(error.code).toBe('SLIDE_INCOMPLETE');
    expect(error.message).toContain(`${found} of the image of 500 by 400 pixels`);
  });

  it('fewer frames than tiles, where each tile has one', async () => {
    const folder = await folderOf({ 'a.dcm': { frames: 3 }, 'b.dcm': label });
    const error = await failureOf(filesOfSlide(join(folder, 'b.dcm')));
    expect(error.code).toBe('SLIDE_INCOMPLETE');
    expect(error.message).toContain('has 3 frames in 1 files, and 4 tiles');
    const sparse = await folderOf({ 'a.dcm': { frames: 3, organisation: 'TILED_SPARSE' } });
    expect(await namesOf(join(sparse, 'a.dcm'))).toEqual(['a.dcm']);
  });

  it('a copy of a file adds no frames', async () => {
    const copy = dicomFile({ frames: 2 });
    const folder = await folderOf({ 'a.dcm': copy, 'b.dcm': copy });
    expect((await failureOf(filesOfSlide(join(folder, 'a.dcm')))).code).toBe('SLIDE_INCOMPLETE');
  });

  it('a series without an image of the tissue', async () => {
    const folder = await folderOf({ 'a.dcm': label });
    const error = await failureOf(filesOfSlide(join(folder, 'a.dcm')));
    expect(error.code).toBe('SLIDE_INCOMPLETE');
    expect(error.message).toContain('ImageType VOLUME');
  });

  it('a DICOM file of something else, by its class', async () => {
    const folder = await folderOf({ 'ct.dcm': { sopClass: '1.2.840.10008.5.1.4.1.1.2' } });
    const error = await failureOf(filesOfSlide(join(folder, 'ct.dcm')));
    expect(error.code).toBe('NOT_A_SLIDE');
    expect(error.message).toContain('its SOP class is 1.2.840.10008.5.1.4.1.1.2');
  });

  it.each([
    ['frames without pixels, by which OpenSlide divides', { rows: 0 }, 'NOT_A_SLIDE'],
    ['an image without pixels', { matrix: [0, 400] }, 'NOT_A_SLIDE'],
    ['an image type of three values', { imageType: 'ORIGINAL\\PRIMARY\\VOLUME' }, 'NOT_A_SLIDE'],
    ['frames too large', { rows: 60_000, columns: 60_000 }, 'LIMIT_EXCEEDED'],
    ['too many tiles', { matrix: [4e9, 4e9] }, 'LIMIT_EXCEEDED'],
    ['a deflated file', { syntax: '1.2.840.10008.1.2.1.99' }, 'NOT_A_SLIDE'],
    ['part 0', { part: [0, 1] }, 'NOT_A_SLIDE'],
  ] as const)('%s', async (_, options, code) => {
    const folder = await folderOf({ 'a.dcm': options });
    expect((await failureOf(filesOfSlide(join(folder, 'a.dcm')))).code).toBe(code);
  });

  it('a header that is cut short, and one whose lengths lie', async () => {
    const whole = dicomFile();
    const long = dicomFile({ before: element(0x00080005, 'UT', Buffer.alloc(4), 0x7fffffff) });
    const folder = await folderOf({ 'a.dcm': whole.subarray(0, 300), 'b.dcm': long });
    for (const name of ['a.dcm', 'b.dcm'])
      expect((await failureOf(filesOfSlide(join(folder, name)))).code).toBe('TRUNCATED');
  });

  it('sequences without an end, and nested without an end', async () => {
    let deep: Buffer = Buffer.alloc(0);
    for (let i = 0; i < 40; ++i) deep = openSequence(0x00081115, deep);
    const endless = element(0x00081115, 'SQ', Buffer.alloc(0), 0xffffffff);
    const folder = await folderOf({ 'a.dcm': { before: deep }, 'b.dcm': { before: endless } });
    const error = await failureOf(filesOfSlide(join(folder, 'a.dcm')));
    expect([error.code, error.message]).toEqual(['NOT_A_SLIDE', expect.stringContaining('nested more than 16 deep')]);
    expect((await failureOf(filesOfSlide(join(folder, 'b.dcm')))).code).toBe('NOT_A_SLIDE');
  });

  it('a pipe beside it, which OpenSlide would wait for', async () => {
    const folder = await folderOf({ 'a.dcm': {} });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const error = await failureOf(filesOfSlide(join(folder, 'a.dcm')));
    expect(error.code).toBe('FILE_UNREADABLE');
    expect(error.message).toContain(join(folder, 'pipe'));
  });
});
