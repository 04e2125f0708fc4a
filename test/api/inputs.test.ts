import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { maskSource } from '../../lib/slide/mask-source.js';
import { geoJsonRings } from '../../lib/slide/geojson.js';
import type { ByteSource, Input } from '../../lib/slide/byte-source.js';
import { fileSource, placeOf } from '../../lib/slide/byte-source.js';
import { failure, temporaryFolder } from './support/bundle.js';

describe('inputs', () => {
  const path = join(temporaryFolder(), 'a slide.tif');
  writeFileSync(path, Buffer.from('0123456789'));

  it('are paths, file: URLs and file sources', async () => {
    expect(placeOf(path)).toEqual({ name: path, at: path });
    expect(placeOf(pathToFileURL(path)).at).toBe(path);
    expect(placeOf(pathToFileURL(path).href).at).toBe(path);
    const source = await fileSource(path);
    expect(source.size).toBe(10);
    expect(placeOf(source).at).toBe(path);
  });
  it.each(['http://host/a.tif', 'https://host/a.tif', 'S3://bucket/a.tif'])(
    '%s is refused with NETWORK',
    async (address) => {
      expect((await failure(() => placeOf(address), 'NETWORK')).message).toContain('files only');
    },
  );
  it('other URLs, sources and types are refused by name', async () => {
    await failure(() => placeOf(new URL('https://host/a.tif')), 'NETWORK');
    await failure(() => placeOf(new URL('file://host/a.tif')), 'INVALID_OPTION');
    const own: ByteSource = { size: 1, read: async () => [] };
    expect(placeOf(own)).toEqual({ name: 'byte source', at: own });
    expect(placeOf({ ...own, name: 'slide 7' }).name).toBe('slide 7');
    for (const wrong of [{ size: -1 }, { size: 0.5 }, { read: 5 }, { name: '' }, { timeoutMs: 0 }])
      await failure(() => placeOf({ ...own, ...wrong } as unknown as Input), 'INVALID_OPTION');
    for (const odd of ['', 'a\0b', 5, null, undefined])
      await failure(() => placeOf(odd as unknown as Input), 'INVALID_OPTION');
  });
  it('a file source reads ranges', async () => {
    const source = await fileSource(path);
    const parts = await source.read([
      { offset: 2, length: 3 },
      { offset: 9, length: 1 },
    ]);
    expect(parts.map((p) => Buffer.from(p).toString())).toEqual(['234', '9']);
    await failure(() => source.read([{ offset: 8, length: 3 }]), 'TRUNCATED');
    const reason = new Error('enough');
    await expect(source.read([], AbortSignal.abort(reason))).rejects.toBe(reason);
  });
  it('a file source is a regular file', async () => {
    await failure(() => fileSource(join(path, 'none')), 'FILE_NOT_FOUND');
    const folder = join(temporaryFolder(), 'folder.tif');
    mkdirSync(folder);
    await failure(() => fileSource(folder), 'NOT_A_SLIDE');
  });
});

const square = (at: number): number[][] => [
  [at, at],
  [at + 10, at],
  [at + 10, at + 10],
  [at, at],
];
const polygon = { type: 'Polygon', coordinates: [square(0), square(2)] };

describe('GeoJSON', () => {
  it('gives the rings of every polygon, in order', () => {
    const { rings, polygonOf } = geoJsonRings({
      type: 'FeatureCollection',
      features: [
        { type: 'Feature', geometry: polygon },
        { type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] } },
        { type: 'Feature', geometry: null },
        {
          type: 'Feature',
          geometry: { type: 'GeometryCollection', geometries: [{ type: 'MultiPolygon', coordinates: [[square(50)]] }] },
        },
      ],
    });
    expect(rings.map((r) => [...r.slice(0, 4)])).toEqual([
      [0, 0, 10, 0],
      [2, 2, 12, 2],
      [50, 50, 60, 50],
    ]);
    expect(polygonOf).toEqual([0, 0, 1]);
  });
  it.each([
    [{ type: 'Polygone', coordinates: [] }, 'is not a GeoJSON type'],
    [
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 1],
          ],
        ],
      },
      'four positions',
    ],
    [
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 1],
            [1, Number.NaN],
            [0, 0],
          ],
        ],
      },
      'coordinates[0][2]',
    ],
    [{ type: 'Polygon', coordinates: 5 }, 'expected a list'],
    [{ type: 'Point', coordinates: [0, 0] }, 'no polygon'],
    [[], 'expected an object'],
    [{ type: 'Feature' }, 'expected an object'],
  ])('%j is refused', async (value, message) => {
    expect((await failure(() => geoJsonRings(value), 'INVALID_OPTION')).message).toContain(message);
  });
  it('nested without end is refused', async () => {
    let value: object = polygon;
    for (let i = 0; i < 100; ++i) value = { type: 'GeometryCollection', geometries: [value] };
    expect((await failure(() => geoJsonRings(value), 'INVALID_OPTION')).message).toContain('nested');
  });
});

describe('where tissue comes from', () => {
  const tissue = { overviewSidePx: 100, minAreaFraction: 0 };
  it('is found, given, or everywhere', async () => {
    const mask = { data: Uint8Array.of(255), width: 1, height: 1, level0PerPxX: 1, level0PerPxY: 1, badTiles: 0 };
    expect(await maskSource(null, 'fraction', tissue)).toEqual({ kind: 'tissue', options: tissue });
    expect(await maskSource(null, 'all', tissue)).toEqual({ kind: 'all' });
    expect(await maskSource(mask, 'centre', tissue)).toEqual({ kind: 'mask', data: mask.data, width: 1, height: 1 });
    expect(await maskSource(polygon as never, 'centre', tissue)).toMatchObject({
      kind: 'polygons',
      rings: { length: 2 },
    });
  });
  it('is read from a file', async () => {
    const path = join(temporaryFolder(), 'mask.geojson');
    writeFileSync(path, JSON.stringify(polygon));
    expect(await maskSource(path, 'fraction', tissue)).toMatchObject({ kind: 'polygons', rings: { length: 2 } });
    writeFileSync(path, '{');
    expect((await failure(() => maskSource(path, 'fraction', tissue), 'INVALID_OPTION')).message).toContain(
      'not valid JSON',
    );
    await failure(() => maskSource(`${path}.none`, 'fraction', tissue), 'FILE_NOT_FOUND');
  });
});
