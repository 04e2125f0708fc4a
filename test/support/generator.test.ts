/** What other tests rely on: the generator is deterministic, its files are sound, and its truth is true. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeRgb,
  Label,
  LABEL_CELL_PX,
  levelSizes,
  makeSharedTileSlide,
  sceneOf,
  sceneTruth,
  TagId,
  TiffWriter,
  writeSlide,
  type SlideOptions,
  type SlideTruth,
} from './slides.js';
import { readPages, tagOf, type CheckedPage } from './tiff-check.js';

const options: SlideOptions = {
  width: 2100,
  height: 1830,
  seed: 77,
  relapse: true,
  tissueShare: 0.3,
  pens: ['green'],
  borders: ['right'],
};

let folder: string;
let path: string;
let file: Buffer;
let pages: CheckedPage[];
let truth: SlideTruth;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'microtome-generator-'));
  path = join(folder, 'slide.tif');
  truth = await writeSlide(path, options);
  file = await readFile(path);
  pages = readPages(file);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Pixels of one stored tile, by splicing the shared tables into its abbreviated stream. */
function tilePixels(page: CheckedPage, index: number): Uint8Array {
  const tables = Buffer.from(tagOf(page, TagId.jpegTables));
  const offset = tagOf(page, TagId.tileOffsets)[index] as number;
  const tile = file.subarray(offset, offset + (tagOf(page, TagId.tileByteCounts)[index] as number));
  expect([...tile.subarray(0, 2), ...tile.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
  return decodeRgb(Buffer.concat([tables.subarray(0, -2), tile.subarray(2)]));
}

/** Level-0 pixel at the centre of a label cell. */
function pixelAt(column: number, row: number): [number, number, number] {
  const x = (column + 0.5) * LABEL_CELL_PX;
  const y = (row + 0.5) * LABEL_CELL_PX;
  const page = pages[0] as CheckedPage;
  const tilesAcross = Math.ceil(options.width / 256);
  const pixels = tilePixels(page, Math.floor(y / 256) * tilesAcross + Math.floor(x / 256));
  const at = ((y % 256) * 256 + (x % 256)) * 3;
  return [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number];
}

function cellsWith(label: number): { column: number; row: number }[] {
  const cells: { column: number; row: number }[] = [];
  truth.labels.forEach((value, i) => {
    if (value === label) cells.push({ column: i % truth.columns, row: Math.floor(i / truth.columns) });
  });
  return cells;
}

describe('determinism', () => {
  it('writes the same bytes for the same options', async () => {
    const again = join(folder, 'again.tif');
    await writeSlide(again, options);
    expect(sha256(await readFile(again))).toBe(sha256(file));
  });

  it('writes other bytes for another seed and another class', async () => {
    const other = join(folder, 'other.tif');
    const small: SlideOptions = { width: 1200, height: 1100, seed: 3, tissueShare: 0.3 };
    const hashes = new Set<string>();
    for (const change of [{}, { seed: 4 }, { relapse: true }]) {
      await writeSlide(other, { ...small, ...change });
      hashes.add(sha256(await readFile(other)));
    }
    expect(hashes.size).toBe(3);
  });
});

describe('structure', () => {
  it('has floored halves until one tile holds the page', () => {
    const sizes = pages.map((page) => [tagOf(page, TagId.imageWidth)[0], tagOf(page, TagId.imageLength)[0]]);
    expect(sizes).toEqual([
      [2100, 1830],
      [1050, 915],
      [525, 457],
      [262, 228],
      [131, 114],
    ]);
  });

  it('carries the tags of a libvips pyramid on every page', () => {
    for (const [i, page] of pages.entries()) {
      expect(page.tags.get(TagId.newSubfileType)).toEqual(i === 0 ? undefined : [1]);
      expect(tagOf(page, TagId.compression)).toEqual([7]);
      expect(tagOf(page, TagId.photometric)).toEqual([6]);
      expect(tagOf(page, TagId.bitsPerSample)).toEqual([8, 8, 8]);
      expect(tagOf(page, TagId.xResolution)).toEqual([10]);
      expect(tagOf(page, TagId.resolutionUnit)).toEqual([3]);
      expect([tagOf(page, TagId.tileWidth), tagOf(page, TagId.tileLength)]).toEqual([[256], [256]]);
      expect(tagOf(page, TagId.jpegTables)).toHaveLength(574);
    }
  });

  it('has a decodable tile for every table entry, inside the file', () => {
    for (const page of pages) {
      const across = Math.ceil((tagOf(page, TagId.imageWidth)[0] as number) / 256);
      const down = Math.ceil((tagOf(page, TagId.imageLength)[0] as number) / 256);
      expect(tagOf(page, TagId.tileOffsets)).toHaveLength(across * down);
      for (let i = 0; i < across * down; i++) expect(tilePixels(page, i)).toHaveLength(256 * 256 * 3);
    }
  });

  it('reduces each page from the one below', () => {
    const from = tilePixels(pages[0] as CheckedPage, 9 * 3 + 3);
    const to = tilePixels(pages[1] as CheckedPage, 5 + 1);
    let difference = 0;
    for (let y = 0; y < 128; y++) {
      for (let x = 0; x < 128; x++) {
        const at = (2 * y * 256 + 2 * x) * 3 + 1;
        const mean = ((from[at] ?? 0) + (from[at + 3] ?? 0) + (from[at + 768] ?? 0) + (from[at + 771] ?? 0)) / 4;
        difference += Math.abs(mean - (to[((y + 128) * 256 + x + 128) * 3 + 1] as number));
      }
    }
    expect(difference / (128 * 128)).toBeLessThan(4);
  });

  it('writes the same slide as BigTIFF', async () => {
    const big = join(folder, 'big.tif');
    await writeSlide(big, { ...options, bigTiff: true });
    const bigFile = await readFile(big);
    const bigPages = readPages(bigFile);
    expect(bigFile.readUInt16LE(2)).toBe(43);
    expect(bigPages).toHaveLength(pages.length);
    const offset = tagOf(bigPages[0] as CheckedPage, TagId.tileOffsets)[0] as number;
    const length = tagOf(bigPages[0] as CheckedPage, TagId.tileByteCounts)[0] as number;
    const classic = tagOf(pages[0] as CheckedPage, TagId.tileOffsets)[0] as number;
    expect(bigFile.subarray(offset, offset + length)).toEqual(file.subarray(classic, classic + length));
  });
});

describe('truth', () => {
  it.each([0.0007, 0.02, 0.1, 0.18, 0.3, 0.5])('covers a tissue share of %d', (tissueShare) => {
    for (const seed of [1, 2]) {
      const { shares } = sceneTruth(sceneOf({ width: 8192, height: 6144, seed, tissueShare }));
      const covered = shares.tissue + shares.pale;
      expect(covered).toBeGreaterThan(tissueShare * 0.75);
      expect(covered).toBeLessThan(tissueShare * 1.25);
    }
  });

  it('labels every cell once', () => {
    expect(truth.labels).toHaveLength(Math.ceil(2100 / 32) * Math.ceil(1830 / 32));
    expect(Object.values(truth.shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    for (const share of [truth.shares.tissue, truth.shares.pen, truth.shares.border, truth.shares.glass]) {
      expect(share).toBeGreaterThan(0);
    }
  });

  it('agrees with the pixels', () => {
    const inside = (label: number): { column: number; row: number }[] =>
      cellsWith(label).filter(({ column, row }) =>
        [-1, 0, 1].every((dy) =>
          [-1, 0, 1].every((dx) => (truth.labels[(row + dy) * truth.columns + column + dx] ?? label) === label),
        ),
      );
    const glass = inside(Label.glass).filter((_, i) => i % 40 === 0);
    const border = cellsWith(Label.border).filter(({ column }) => column === truth.columns - 2);
    expect(glass.length).toBeGreaterThan(5);
    expect(border.length).toBeGreaterThan(5);
    for (const { column, row } of glass) expect(Math.min(...pixelAt(column, row))).toBeGreaterThan(215);
    for (const { column, row } of border) expect(Math.max(...pixelAt(column, row))).toBeLessThan(110);
    // Tissue has unstained clefts, so not every pixel of it is coloured; most are.
    const tissue = inside(Label.tissue);
    const stained = tissue.filter(({ column, row }) => pixelAt(column, row)[1] < 215);
    expect(stained.length / tissue.length).toBeGreaterThan(0.8);
    for (const { column, row } of inside(Label.pen)) {
      const [r, g, b] = pixelAt(column, row);
      expect(g).toBeGreaterThan(Math.max(r, b));
    }
  });

  it('draws the two classes with different grades and the same colours', () => {
    const no = sceneOf({ ...options, relapse: false });
    const yes = sceneOf({ ...options, relapse: true });
    expect(yes.grade).toBeGreaterThan(no.grade);
    expect(yes.stain).toEqual(no.stain);
  });
});

describe('large slides and odd files', () => {
  it('shares tiles, so that 100,000 x 100,000 pixels stay a small file', async () => {
    const huge = join(folder, 'huge.tif');
    const made = await makeSharedTileSlide(huge, { width: 100_000, height: 100_000, seed: 1, distinctTiles: 8 });
    const levels = levelSizes(100_000, 100_000, 256);
    const hugePages = readPages(await readFile(huge));
    expect((await stat(huge)).size).toBeLessThan(10e6);
    expect(hugePages).toHaveLength(levels.length);
    expect(made.tissueTiles + made.glassTiles).toBe(391 * 391);
    expect(new Set(tagOf(hugePages[0] as CheckedPage, TagId.tileOffsets)).size).toBe(9);
  });

  it('removes the file of a slide that could not be written', async () => {
    const failed = join(folder, 'failed.tif');
    await expect(writeSlide(failed, { ...options, tileSize: 200 })).rejects.toThrow(RangeError);
    await expect(stat(failed)).rejects.toThrow('ENOENT');
  });

  it('writes either byte order', async () => {
    const odd = join(folder, 'odd.tif');
    const writer = new TiffWriter(odd, { byteOrder: 'big' });
    writer.addPage([{ id: TagId.imageWidth, type: 'long', values: [70000] }]);
    writer.close();
    const bytes = await readFile(odd);
    expect(bytes.toString('latin1', 0, 2)).toBe('MM');
    const at = bytes.readUInt32BE(4);
    expect([bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2), bytes.readUInt32BE(at + 10)]).toEqual([1, 256, 70000]);
    expect(bytes.readUInt32BE(at + 14)).toBe(0);
  });
});
