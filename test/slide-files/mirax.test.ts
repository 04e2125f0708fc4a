/** MIRAX slides: the files of the folder beside the .mrxs file, and what is refused before OpenSlide sees it. */
import { rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { parseIni } from '../../lib/slide/files/ini.js';
import { checkedFilesOfSlide, filesOfSlide } from '../../lib/slide/files/slide-files.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { makeMirax, miraxIndex, miraxIni, type MiraxImage } from './makers.js';

async function slide(options: Parameters<typeof makeMirax>[2] = {}): Promise<string> {
  return makeMirax(await temporaryFolder(), 's', options);
}

const inside = (path: string, name: string): string => join(path.slice(0, -'.mrxs'.length), name);

describe('the files of a MIRAX slide', () => {
  it('are the .mrxs file and what Slidedat.ini names', async () => {
    const path = await slide();
    const files = await checkedFilesOfSlide(path);
    expect(files?.kind).toBe('mirax');
    expect(files?.parts.map((part) => basename(part.path))).toEqual([
      's.mrxs',
      'Slidedat.ini',
      'Index.dat',
      'Data0000.dat',
      'Data0001.dat',
    ]);
    expect(files?.parts.map((part) => part.size).slice(3)).toEqual([100, 100]);
  });

  it('an ending in capital letters, and levels without an image', async () => {
    const folder = await temporaryFolder();
    const path = await makeMirax(folder, 's', { levels: [[], [[]]] });
    await writeFile(join(folder, 's.MRXS'), '');
    await rm(path);
    expect((await checkedFilesOfSlide(join(folder, 's.MRXS')))?.parts).toHaveLength(5);
  });

  it('a slide that is not there', async () => {
    expect((await failureOf(filesOfSlide('/no/such.mrxs'))).code).toBe('FILE_NOT_FOUND');
  });
});

describe('what is incomplete', () => {
  it.each(['Slidedat.ini', 'Index.dat', 'Data0000.dat', 'Data0001.dat'])('without %s, which is named', async (name) => {
    const path = await slide();
    await rm(inside(path, name));
    const error = await failureOf(filesOfSlide(path));
    expect(error.code).toBe('SLIDE_INCOMPLETE');
    expect(error.path).toBe(path);
    expect(error.message).toContain(`${inside(path, name)} is not there`);
  });

  it('the index cut anywhere', async () => {
    const whole = miraxIndex('0123456789abcdef', [[[[0, 0, 50, 0]], [[1, 50, 50, 1]]], [[[0, 10, 20, 1]]]]);
    const path = await slide();
    for (let length = 0; length < whole.length; ++length) {
      await writeFile(inside(path, 'Index.dat'), whole.subarray(0, length));
      const error = await failureOf(checkedFilesOfSlide(path));
      expect([length, error.code]).toEqual([length, 'SLIDE_INCOMPLETE']);
    }
  });

  it('a file of pixels that is cut short', async () => {
    const path = await slide();
    await truncate(inside(path, 'Data0001.dat'), 99);
    const error = await failureOf(checkedFilesOfSlide(path));
    expect(error.code).toBe('SLIDE_INCOMPLETE');
    expect(error.message).toContain('Data0001.dat has 99 bytes, and its images need 100');
  });

  it('the index of another slide', async () => {
    const error = await failureOf(checkedFilesOfSlide(await slide({ indexId: 'fedcba9876543210' })));
    expect(error.code).toBe('SLIDE_INCOMPLETE');
    expect(error.message).toContain('is of another slide');
  });
});

describe('what is no slide', () => {
  it.each([
    ['/etc/passwd', '"/etc/passwd"'],
    ['../other/Data0000.dat', '"../other/Data0000.dat"'],
    ['..', '".."'],
    ['sub\\Data0000.dat', 'sub\\\\\\\\Data0000.dat'],
  ])('a name that leads out of the folder: %s', async (name, found) => {
    for (const key of ['FILE_0', 'INDEXFILE']) {
      const ini = (text: string): string => text.replace(new RegExp(`${key} = .*`), () => `${key} = ${name}`);
      const error = await failureOf(filesOfSlide(await slide({ ini })));
      expect(error.code).toBe('NOT_A_SLIDE');
      expect(error.message).toContain(key);
      expect(error.message).toContain(found.replaceAll('\\\\\\\\', '\\\\'));
    }
  });

  it.each([
    ['no group', (text: string) => text.replace('[DATAFILE]', '[OTHER]'), 'FILE_COUNT of [DATAFILE] is not there'],
    [
      'no number',
      (text: string) => text.replace('FILE_COUNT = 2', 'FILE_COUNT = two'),
      'FILE_COUNT of [DATAFILE] is "two"',
    ],
    ['too many files', (text: string) => text.replace('FILE_COUNT = 2', 'FILE_COUNT = 99999'), 'from 1 to 10000'],
    ['a file without a name', (text: string) => text.replace('FILE_1 = Data0001.dat', ''), 'FILE_1 of [DATAFILE]'],
    [
      'too many images',
      (text: string) => text.replaceAll(/(IMAGENUMBER_.) = \d/g, '$1 = 60000'),
      '60000 by 60000 images',
    ],
    [
      'images for which there is no memory',
      (text: string) => `${text}[L]\r\nDIGITIZER_WIDTH = 60000\r\nDIGITIZER_HEIGHT = 60000\r\n`,
      'the images of [L] have 60000 by 60000 pixels',
    ],
    [
      'images of no size',
      (text: string) => `${text}[L]\r\nDIGITIZER_WIDTH = 256\r\nDIGITIZER_HEIGHT = -1\r\n`,
      'DIGITIZER_HEIGHT of [L] is "-1"',
    ],
    ['no zoom levels', (text: string) => text.replace('Slide zoom level', 'Other'), 'is called "Slide zoom level"'],
    ['bytes that are no text', () => 'a\0b', 'it is no text'],
    ['too many lines', () => 'a=b\n'.repeat(60_000), 'more than 50000 lines'],
  ] as const)('a description with %s', async (_, ini, found) => {
    const error = await failureOf(filesOfSlide(await slide({ ini })));
    expect(error.code).toBe('NOT_A_SLIDE');
    expect(error.message).toContain(found);
  });

  it.each([
    ['a file that is not there', [[[[0, 0, 1, 7]]]], 'an image in file 7, there are 2'],
    ['a place below 0', [[[[-1, 0, 1, 0]]]], 'a number below 0'],
  ] as const)('an index with %s', async (_, levels, found) => {
    const error = await failureOf(checkedFilesOfSlide(await slide({ levels: levels as unknown as MiraxImage[][][] })));
    expect(error.code).toBe('NOT_A_SLIDE');
    expect(error.message).toContain(found);
  });

  it('an index whose pages never end', async () => {
    const path = await slide();
    const index = miraxIndex('0123456789abcdef', [[[[0, 0, 50, 0]]]]);
    // The only page is followed by itself.
    index.writeInt32LE(index.length - 24, index.length - 20);
    await writeFile(inside(path, 'Index.dat'), index);
    await writeFile(inside(path, 'Slidedat.ini'), miraxIni('0123456789abcdef', ['Data0000.dat', 'Data0001.dat'], 1));
    const error = await failureOf(checkedFilesOfSlide(path));
    expect(error.code).toBe('NOT_A_SLIDE');
    expect(error.message).toContain('comes twice');
  });

  it('a damaged level of zoom levels that are not the first hierarchy', async () => {
    const ini = (text: string): string =>
      text
        .replaceAll('HIER_0_', 'HIER_1_')
        .replace('HIER_1_NAME', 'HIER_0_NAME = Other\r\nHIER_0_COUNT = 1\r\nHIER_1_NAME');
    const levels = [[[[0, 0, 1, 0]]], [[[0, 0, 1, 7]]]] as unknown as MiraxImage[][][];
    const error = await failureOf(checkedFilesOfSlide(await slide({ ini, levels })));
    expect(error.message).toContain('an image in file 7, there are 2');
  });

  it('an index that begins otherwise', async () => {
    const path = await slide();
    await writeFile(inside(path, 'Index.dat'), 'no index at all, but long enough');
    expect((await failureOf(checkedFilesOfSlide(path))).code).toBe('NOT_A_SLIDE');
  });
});

describe('numbers of the levels, which OpenSlide trusts', () => {
  const withLevel =
    (...lines: readonly string[]) =>
    (text: string) =>
      `${text}[L]\r\n${lines.join('\r\n')}\r\n`;
  const inHierarchy = (text: string, key: string, value: string): string =>
    text.replace('[HIERARCHICAL]', `[HIERARCHICAL]\r\n${key} = ${value}`);

  it.each([
    ['a width that has no JPEG', withLevel('DIGITIZER_WIDTH = 2147483647'), 'DIGITIZER_WIDTH of [L]'],
    ['a height below 1', withLevel('DIGITIZER_HEIGHT = 0'), 'DIGITIZER_HEIGHT of [L]'],
    [
      'images that are too large together',
      withLevel('DIGITIZER_WIDTH = 60000', 'DIGITIZER_HEIGHT = 60000'),
      'the images of [L] have 60000 by 60000 pixels',
    ],
    [
      'no image at a place',
      (text: string) => text.replace('[GENERAL]', '[GENERAL]\r\nCameraImageDivisionsPerSide = 0'),
      'CameraImageDivisionsPerSide of [GENERAL]',
    ],
    [
      'a reduction beyond 32 bits',
      (text: string) => inHierarchy(withLevel('IMAGE_CONCAT_FACTOR = 31')(text), 'HIER_0_VAL_0_SECTION', 'L'),
      'IMAGE_CONCAT_FACTOR of [L]',
    ],
    [
      'reductions that are so together',
      (text: string) =>
        inHierarchy(
          inHierarchy(withLevel('IMAGE_CONCAT_FACTOR = 16')(text), 'HIER_0_VAL_0_SECTION', 'L'),
          'HIER_0_VAL_1_SECTION',
          'L',
        ),
      'reduced 2^32 times together',
    ],
  ])('%s', async (_, ini, found) => {
    const error = await failureOf(filesOfSlide(await slide({ ini })));
    expect(error.code).toBe('NOT_A_SLIDE');
    expect(error.message).toContain(found);
  });

  it('as scanners write them they are taken', async () => {
    const ini = withLevel('DIGITIZER_WIDTH = 1024', 'DIGITIZER_HEIGHT = 992', 'IMAGE_CONCAT_FACTOR = 1');
    expect((await filesOfSlide(await slide({ ini }))).kind).toBe('mirax');
  });
});

describe('the reader of descriptions', () => {
  it('knows groups, keys and comments, and passes over the rest', () => {
    const ini = parseIni('\ufeff k=0\n[A]\r\n# a=1\n a = 1 \r\nnonsense\n=2\n[B]\na=3\n[A]\nb=4=5\na=6', 'x.ini');
    expect([...ini].map(([name, keys]) => [name, Object.fromEntries(keys)])).toEqual([
      ['A', { a: '6', b: '4=5' }],
      ['B', { a: '3' }],
    ]);
  });

  it('has bounds', () => {
    expect(() => parseIni(Array.from({ length: 5000 }, (_, i) => `[${i}]`).join('\n'), 'x.ini')).toThrow('4096 groups');
  });
});
