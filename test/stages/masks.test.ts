/** A caller's mask, in every form that it may have, through the real addon: which tiles it keeps, and what it costs. */
import type { NativeMaskSource, NativeSlide } from '../../lib/native/contract.js';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MicrotomeError, openSlide, scoreDirectory } from '../../lib/index.js';
import type { MaskInput, Slide } from '../../lib/index.js';
import { loadAddon } from '../../lib/native/addon.js';
import { defaults } from '../../lib/options/defaults.js';
import { maskSource } from '../../lib/slide/mask-source.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-masks-'));
const at = (name: string): string => join(scratch, name);
const sidePx = 1024;
const tilePx = 128;
let slide: Slide;

beforeAll(async () => {
  await writeSlide(at('slide.tif'), { width: sidePx, height: sidePx, seed: 5, tissueShare: 0.4 });
  slide = await openSlide(at('slide.tif'), { slideMpp: 0.5 });
});
afterAll(async () => {
  await slide.close();
  rmSync(scratch, { recursive: true, force: true });
});

const box = (x0: number, y0: number, x1: number, y1: number): number[][] => [
  [x0, y0],
  [x1, y0],
  [x1, y1],
  [x0, y1],
  [x0, y0],
];
/** The left half but for a hole, and a part of the right half. */
const geoJson = {
  type: 'MultiPolygon',
  coordinates: [[box(0, 0, 512, 1024), box(128, 128, 256, 384)], [box(640, 0, 768, 128)]],
} as const;

function inside(x: number, y: number): boolean {
  const left = x < 512 && !(x >= 128 && x < 256 && y >= 128 && y < 384);
  return left || (x >= 640 && x < 768 && y < 128);
}

function image(side: number): MaskInput {
  const data = new Uint8Array(side * side);
  const scale = sidePx / side;
  for (let y = 0; y < side; ++y)
    for (let x = 0; x < side; ++x) data[y * side + x] = inside((x + 0.5) * scale, (y + 0.5) * scale) ? 7 : 0;
  return { data, width: side, height: side, level0PerPxX: scale, level0PerPxY: scale, badTiles: 0 };
}

async function placesOf(mask: MaskInput): Promise<string[]> {
  const places: string[] = [];
  for await (const batch of slide.tiles({ level: 0, size: tilePx, mask, keep: 'centre' })) {
    for (let i = 0; i < batch.tiles; ++i) places.push(`${batch.x[i]},${batch.y[i]}`);
    batch.release();
  }
  return places.sort();
}

describe('the tiles of a mask', () => {
  const expected: string[] = [];
  for (let y = 0; y < sidePx; y += tilePx)
    for (let x = 0; x < sidePx; x += tilePx) if (inside(x + tilePx / 2, y + tilePx / 2)) expected.push(`${x},${y}`);
  expected.sort();

  it('are the same for a GeoJSON object, a GeoJSON file and an image of any size', async () => {
    writeFileSync(at('mask.geojson'), JSON.stringify(geoJson));
    expect(await placesOf(geoJson)).toEqual(expected);
    expect(await placesOf(at('mask.geojson'))).toEqual(expected);
    for (const side of [8, 64, 1024, 2048]) expect(await placesOf(image(side))).toEqual(expected);
  });
});

describe('memory of the addon', () => {
  const tissue = { method: 'default' as const, overviewSidePx: 100, minAreaFraction: 0 };
  const codeOf = (call: () => unknown): unknown => {
    try {
      call();
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
    return 'no error';
  };

  it('is handed over once, and takes bytes only', async () => {
    const addon = await loadAddon();
    const bytes = new addon.Bytes(4);
    bytes.append(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(codeOf(() => bytes.append([1] as never))).toBe('INVALID_OPTION');
    expect(codeOf(() => bytes.append(new Float64Array(1) as never))).toBe('INVALID_OPTION');
    for (const odd of [-1, 0.5, Number.NaN, 1e12, 'x', undefined])
      expect(
        codeOf(() => new addon.Bytes(odd as number)),
        String(odd),
      ).toBe('INVALID_OPTION');
    const native = await addon.openSlide(at('slide.tif'), {
      limits: defaults.limits,
      slideMpp: null,
    }).result;
    const given = image(8) as MaskInput & { readonly data: Uint8Array };
    const mask = await maskSource(given, 'centre', tissue, null);
    // The addon has a copy of its own by now.
    given.data.fill(0);
    const grid = {
      level: 0,
      mpp: null,
      slideMpp: null,
      placement: 'scaled',
      edge: 'pad',
      scaledDecode: false,
      sizePx: tilePx,
      stridePx: tilePx,
      keep: 'centre',
      minTissueFraction: 0,
      maxTiles: 0,
      seed: 0,
      onBadTile: 'error',
    } as const;
    const planWith = (given: NativeMaskSource): ReturnType<NativeSlide['plan']> =>
      native.plan({
        score: {
          tiles: [{ ...grid, mask: given }],
          images: [],
          colour: null,
          encoders: [
            {
              name: 'net',
              turns: ['identity'],
              graph: 0,
              input: 0,
              format: {
                sizePx: tilePx,
                layout: 'NCHW',
                channels: 'RGB',
                type: 'float32',
                scale: 1,
                mean: [0, 0, 0],
                std: [1, 1, 1],
              },
              outputs: [{ tensor: 'out', activation: 'none' }],
            },
          ],
          select: [],
          heads: [
            {
              kind: 'simple',
              name: 'mean',
              of: { encoder: 0, output: 0, column: 0 },
              method: 'mean',
              k: 0,
              fraction: 0,
              quantile: 0,
            },
          ],
          outputs: [
            {
              name: 'score',
              of: [{ head: 0, output: 0, column: 0, weight: 1 }],
              mean: 'value',
              calibration: { kind: 'identity' },
              clip: null,
            },
          ],
          stopping: null,
          batchSize: 16,
          reproducible: true,
          rows: [],
          keepTiles: false,
        },
        graphs: [{ columns: [1], fixedRows: 0 }],
        threads: 0,
        memoryBytes: 2 ** 30,
      });
    expect((await planWith(mask)).inputs[0]?.keptTiles).toBe(31);
    expect(codeOf(() => planWith(mask))).toBe('INVALID_OPTION');
    for (const data of [{}, Uint8Array.of(1), null, native])
      expect(codeOf(() => planWith({ kind: 'mask', data: data as never, width: 1, height: 1 }))).toBe('INVALID_OPTION');
    // Six bytes are no mask of two pixels, and a ring of nine positions has more than 0.75 doubles.
    const short = { kind: 'mask', data: bytes, width: 1, height: 2 } as const;
    await expect(planWith(short)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    const [positions, rings] = [new addon.Bytes(0), new addon.Bytes(0)];
    positions.append(new Uint8Array(6));
    rings.append(new Uint8Array(Uint32Array.of(9, 0).buffer));
    const broken = { kind: 'polygons', positions, rings } as const;
    await expect(planWith(broken)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await native.close();
  });
});

describe('a name that is no GeoJSON file', () => {
  const servers: { close(): void }[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });

  it.each([
    ['a device', 'FILE_UNREADABLE', 'is a device', () => '/dev/zero'],
    [
      'a FIFO',
      'FILE_UNREADABLE',
      'is a named pipe (FIFO)',
      () => {
        execFileSync('mkfifo', [at('fifo')]);
        return at('fifo');
      },
    ],
    [
      'a folder',
      'FILE_UNREADABLE',
      'is a folder',
      () => {
        mkdirSync(at('folder'));
        return at('folder');
      },
    ],
    [
      'a socket',
      'FILE_UNREADABLE',
      'is a socket',
      () =>
        new Promise<string>((resolve) =>
          servers.push(createServer().listen(at('socket'), () => resolve(at('socket')))),
        ),
    ],
    [
      'a file of 10 GB',
      'LIMIT_EXCEEDED',
      'is a file of 10000000000 bytes, at most 67108864 are read',
      () => {
        writeFileSync(at('large'), '{}');
        truncateSync(at('large'), 1e10);
        return at('large');
      },
    ],
  ])('%s', async (_, code, found, make) => {
    const mask = await make();
    const failure = async (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
    const refused = { code, path: mask, message: expect.stringContaining(`the mask ${mask} ${found}`) as string };
    const streamed = await failure(placesOf(mask));
    expect(streamed).toBeInstanceOf(MicrotomeError);
    expect(streamed).toMatchObject(refused);
    // With an output the mask is a part of the journal's key, which is made before the first slide is opened.
    const folder = mkdtempSync(at('run-'));
    writeFileSync(join(folder, 'a.tif'), readFileSync(at('slide.tif')));
    writeFileSync(join(folder, 'model.onnx'), meanColourModel());
    const model = join(folder, 'model.onnx');
    const output = join(folder, 'out.csv');
    expect(await failure(scoreDirectory(folder, { model, input: { level: 0 }, mask, output }).done)).toMatchObject(
      refused,
    );
    rmSync(folder, { recursive: true });
  });
});
