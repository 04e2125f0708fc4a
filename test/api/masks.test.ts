/** What a caller may pass as a mask, and what the addon gets of it. */
import { getEventListeners } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { NativeMaskSource } from '../../lib/native/contract.js';
import type { MaskInput } from '../../lib/options/types.js';
import { maskDigest } from '../../lib/slide/mask-digest.js';
import { walkGeoJson } from '../../lib/slide/geojson.js';
import { maskSource } from '../../lib/slide/mask-source.js';
import { failure, temporaryFolder } from './support/bundle.js';
import { FakeAddon, type FakeBytes } from './support/fake-addon.js';

vi.mock('../../lib/native/addon.js', () => ({ loadAddon: async () => new FakeAddon() }));

const tissue = { method: 'default' as const, overviewSidePx: 100, minAreaFraction: 0 };
const square = (at: number): number[][] => [
  [at, at],
  [at + 10, at],
  [at + 10, at + 10],
  [at, at],
];
const polygon = { type: 'Polygon', coordinates: [square(0), square(2)] };
const folder = temporaryFolder();
let files = 0;

function fileOf(content: string | Uint8Array): string {
  const path = join(folder, `${++files}.geojson`);
  writeFileSync(path, content);
  return path;
}

const sourceOf = (mask: unknown, signal: AbortSignal | null = null): Promise<NativeMaskSource> =>
  maskSource(mask as MaskInput, 'fraction', tissue, signal);

/** The numbers that the addon got: positions, then positions and polygon of each ring. */
async function numbersOf(mask: unknown): Promise<{ positions: number[]; rings: number[] }> {
  const source = await sourceOf(mask);
  if (source.kind !== 'polygons') throw new Error(`polygons were expected, not ${source.kind}`);
  const bytes = (part: unknown): ArrayBuffer => (part as FakeBytes).data.buffer as ArrayBuffer;
  return {
    positions: [...new Float64Array(bytes(source.positions))],
    rings: [...new Uint32Array(bytes(source.rings))],
  };
}

/** Turns of the event loop during some work, where every look at the clock finds that 3 ms have gone by. */
async function turnsWhile(work: () => Promise<unknown>): Promise<number> {
  let nowMs = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 3));
  let turns = 0;
  let running = true;
  const count = (): void => {
    ++turns;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  try {
    await work();
  } finally {
    running = false;
    clock.mockRestore();
  }
  return turns;
}

/** The same mask as an object and as a file. */
const asGiven = (value: unknown): unknown => value;
const asFile = (value: unknown): unknown => fileOf(JSON.stringify(value));

describe.each([
  ['an object', asGiven],
  ['a file', asFile],
])('GeoJSON as %s', (_, given) => {
  it('gives the rings of every polygon, in order', async () => {
    const { positions, rings } = await numbersOf(
      given({
        type: 'FeatureCollection',
        features: [
          { type: 'Feature', geometry: polygon },
          { type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] } },
          { type: 'Feature', geometry: null },
          {
            type: 'Feature',
            geometry: {
              type: 'GeometryCollection',
              geometries: [{ type: 'MultiPolygon', coordinates: [[square(50)]] }],
            },
          },
        ],
      }),
    );
    expect(positions).toEqual([square(0), square(2), square(50)].flat(2));
    expect(rings).toEqual([4, 0, 4, 0, 4, 1]);
  });

  it('of more positions than one piece holds arrives whole', async () => {
    const points = 150_000;
    const ring = Array.from({ length: points }, (_, i) => [i, i / 3]);
    const { positions, rings } = await numbersOf(given({ type: 'Polygon', coordinates: [ring, square(1)] }));
    expect(rings).toEqual([points, 0, 4, 0]);
    expect(positions).toEqual([...ring.flat(), ...square(1).flat()]);
  });

  it.each([
    [{ type: 'Polygone', coordinates: [] }, 'at the top.type: "Polygone" is not a GeoJSON type'],
    [{}, 'at the top.type: nothing is not a GeoJSON type'],
    [
      { type: 'Polygon', coordinates: [square(0).slice(2)] },
      'coordinates[0]: expected a ring of at least four positions',
    ],
    [{ type: 'Polygon', coordinates: [[...square(0), [1, 'x']]] }, 'at the top.coordinates[0][4]: expected a position'],
    [{ type: 'Polygon', coordinates: 5 }, 'at the top.coordinates: expected a list'],
    [{ type: 'Point', coordinates: [0, 0] }, 'at the top: it has no polygon'],
    [{ type: 'FeatureCollection', features: [] }, 'at the top: it has no polygon'],
    [[], 'at the top: expected an object'],
    [{ type: 'Feature' }, 'at the top.geometry: expected an object'],
    [
      { type: 'FeatureCollection', features: [{ type: 'Feature', geometry: polygon }, 7] },
      'at the top.features[1]: expected an object',
    ],
  ])('%j is refused', async (value, message) => {
    expect((await failure(() => sourceOf(given(value)), 'INVALID_OPTION')).message).toContain(message);
  });

  it('nested without end is refused', async () => {
    let value: object = polygon;
    for (let i = 0; i < 100; ++i) value = { type: 'GeometryCollection', geometries: [value] };
    expect((await failure(() => sourceOf(given(value)), 'INVALID_OPTION')).message).toContain('nested');
  });

  it('of more than a million rings is refused', async () => {
    const coordinates = Array.from({ length: 2 ** 20 + 1 }, () => [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 0],
      ],
    ]);
    const error = await failure(() => sourceOf(given({ type: 'MultiPolygon', coordinates })), 'INVALID_OPTION');
    expect(error.message).toContain('at the top.coordinates[1048576][0]: more than 1048576 rings');
  });

  it('is given up with the signal, and no listener stays', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const coordinates = Array.from({ length: 2 ** 19 }, () => [square(0)]);
    const mask = given({ type: 'MultiPolygon', coordinates });
    const running = sourceOf(mask, controller.signal);
    setImmediate(() => controller.abort(reason));
    await expect(running).rejects.toBe(reason);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await expect(sourceOf(mask, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect((await sourceOf(given(polygon))).kind).toBe('polygons');
  });
});

describe('a GeoJSON object', () => {
  it('with numbers that are none, or a hole in its list, is refused', async () => {
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const value = { type: 'Polygon', coordinates: [[...square(0), [odd, 1]]] };
      expect((await failure(() => sourceOf(value), 'INVALID_OPTION')).message).toContain('coordinates[0][4]');
    }
    const hollow = { type: 'Polygon', coordinates: [new Array(2 ** 31)] };
    expect((await failure(() => sourceOf(hollow), 'INVALID_OPTION')).message).toContain('coordinates[0][0]');
  });

  it('that grows while it is walked comes to an end', async () => {
    const coordinates = Array.from({ length: 2 ** 17 }, () => [square(0)]);
    const before = coordinates.length;
    let growing = true;
    const grow = (): void => {
      coordinates.push([square(1)]);
      if (growing) setImmediate(grow);
    };
    setImmediate(grow);
    const { rings } = await numbersOf({ type: 'MultiPolygon', coordinates }).finally(() => (growing = false));
    // As long as it was when the walk began, a turn after the call; it grew all the while.
    expect(rings.length).toBeGreaterThanOrEqual(2 * before);
    expect(rings.length).toBeLessThan(2 * coordinates.length);
  });

  it('is walked in small steps, whatever it is made of', () => {
    const long = Array.from({ length: 100_000 }, (_, i) => [i, i]);
    const points = Array.from({ length: 100_000 }, () => ({ type: 'Feature', geometry: { type: 'Point' } }));
    const features = [...points, { type: 'Polygon', coordinates: [long] }];
    const got: number[] = [];
    const walk = walkGeoJson(
      { type: 'FeatureCollection', features },
      { positions: (piece) => void got.push(piece.length), rings: () => undefined },
    );
    let steps = 0;
    while (walk.next().done !== true) ++steps;
    expect(got.reduce((sum, length) => sum + length)).toBe(200_000);
    expect(steps).toBeGreaterThanOrEqual(Math.floor(100_000 / 256) + Math.floor(100_000 / 4096));
  });

  it('lets the event loop run between the steps', async () => {
    const turns = await turnsWhile(() => sourceOf({ type: 'Polygon', coordinates: [Array(100_000).fill([1, 2])] }));
    expect(turns).toBeGreaterThanOrEqual(Math.floor(100_000 / 4096));
  });
});

describe('a GeoJSON file', () => {
  it('that is not JSON, or not there, is refused by name', async () => {
    const path = fileOf('{');
    const error = await failure(() => sourceOf(path), 'INVALID_OPTION');
    expect(error.message).toContain(`The mask ${path} is not valid JSON`);
    expect(error.path).toBe(path);
    await failure(() => sourceOf(`${path}.none`), 'FILE_NOT_FOUND');
  });

  it('that is a picture is refused on one line, with what a mask can be', async () => {
    const error = await failure(() => sourceOf(fileOf('\x89PNG\r\n\x1a\n\0\0')), 'INVALID_OPTION');
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.advice).toContain('pass a GeoJSON file; the pixels of a mask image are passed to the API');
  });

  it('is not parsed on this thread', async () => {
    const path = fileOf(JSON.stringify(polygon));
    const parse = vi.spyOn(JSON, 'parse');
    try {
      expect((await sourceOf(path)).kind).toBe('polygons');
      expect(parse).not.toHaveBeenCalled();
    } finally {
      parse.mockRestore();
    }
  });

  it('is named with the place in it', async () => {
    const path = fileOf('{"type": "Polygone"}');
    const error = await failure(() => sourceOf(path), 'INVALID_OPTION');
    expect(error.message).toContain(`The GeoJSON mask ${path} is not valid at the top.type`);
    expect(error.path).toBe(path);
  });

  it('of more than 64 MiB is refused before it is read', async () => {
    const path = fileOf(JSON.stringify(polygon));
    truncateSync(path, 2 ** 26 + 1);
    expect((await failure(() => sourceOf(path), 'LIMIT_EXCEEDED')).message).toContain(path);
  });

  it('that would take gigabytes to parse is refused before it is parsed', async () => {
    const objects = Buffer.from('{},'.repeat(2 ** 20));
    const path = fileOf(Buffer.concat([Buffer.from('['), ...Array<Buffer>(12).fill(objects), Buffer.from('0]')]));
    const error = await failure(() => sourceOf(path), 'LIMIT_EXCEEDED');
    expect(error.message).toContain(`the mask ${path} has more than 12000000 lists and objects`);
  });
});

describe('where tissue comes from', () => {
  const mask = (data: Uint8Array, width = data.length, height = 1): object => ({ data, width, height });

  it('is found, given, or everywhere', async () => {
    expect(await maskSource(null, 'fraction', tissue, null)).toEqual({ kind: 'tissue', options: tissue });
    expect(await maskSource(null, 'all', tissue, null)).toEqual({ kind: 'all' });
    expect(await sourceOf(mask(Uint8Array.of(255, 0), 1, 2))).toMatchObject({
      kind: 'mask',
      data: { data: Uint8Array.of(255, 0) },
      width: 1,
      height: 2,
    });
  });

  it('a large mask is copied whole, in turns, and only its own part of the memory', async () => {
    const memory = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 7) % 251);
    const data = memory.subarray(1, 3_000_000);
    expect(await turnsWhile(() => sourceOf(mask(data)))).toBeGreaterThanOrEqual(Math.floor(data.length / 2 ** 18));
    const source = await sourceOf(mask(data));
    if (source.kind !== 'mask') throw new Error('a mask was expected');
    expect(Buffer.compare((source.data as unknown as FakeBytes).data, data)).toBe(0);
  });

  it('a large mask is given up with the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = sourceOf(mask(new Uint8Array(2 ** 28)), controller.signal);
    setImmediate(() => controller.abort(reason));
    await expect(running).rejects.toBe(reason);
  });

  it('memory that is taken away meanwhile is refused', async () => {
    const data = new Uint8Array(2 ** 28);
    const running = sourceOf(mask(data));
    setImmediate(() => structuredClone(data, { transfer: [data.buffer] }));
    expect((await failure(() => running, 'INVALID_OPTION')).message).toContain('taken away');
  });
});

describe('the digest of a mask', () => {
  const digest = (mask: unknown): Promise<string> => maskDigest(mask as MaskInput, null);

  it('is another for each other mask', async () => {
    const masks = [
      { data: Uint8Array.of(1, 0), width: 1, height: 2 },
      { data: Uint8Array.of(1, 0), width: 2, height: 1 },
      { data: Uint8Array.of(0, 1), width: 2, height: 1 },
      polygon,
      { type: 'Polygon', coordinates: [square(0), square(3)] },
      { type: 'MultiPolygon', coordinates: [[square(0)], [square(2)]] },
      fileOf(JSON.stringify(polygon)),
      fileOf(`${JSON.stringify(polygon)} `),
    ];
    const digests = await Promise.all(masks.map(digest));
    for (const one of digests) expect(one).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(new Set(digests).size).toBe(masks.length);
    expect(await Promise.all(masks.map(digest))).toEqual(digests);
  });
});
