/** The table and the GeoJSON of a slide's tiles: what is in them, and that no piece of them grows with the slide. */
import { describe, expect, it } from 'vitest';
import { tileCsvPieces } from '../../lib/outputs/tile-csv.js';
import { tileGeoJsonPieces } from '../../lib/outputs/tile-geojson.js';
import { tileId } from '../../lib/outputs/tile-id.js';
import { gridRows } from './support.js';

interface Feature {
  readonly id: string;
  readonly geometry: { readonly type: string; readonly coordinates: readonly (readonly (readonly number[])[])[] };
  readonly properties: Readonly<Record<string, unknown>>;
}

const featuresOf = (pieces: Iterable<string>): readonly Feature[] =>
  (JSON.parse([...pieces].join('')) as { features: readonly Feature[] }).features;

describe('the table of tiles', () => {
  it('has the columns of WSInfer, and every number reads back to the same double', () => {
    const value = (tile: number): number => [1 / 3, 6.4415544e-5, 1e-300][tile] ?? 0;
    const rows = { ...gridRows({ across: 2, count: 3, value }), x: Float64Array.of(0, 224.1875, 0) };
    const lines = [...tileCsvPieces(rows)].join('').split('\n');
    expect(lines).toEqual([
      'minx,miny,width,height,score',
      '0,0,224,224,0.3333333333333333',
      '224.1875,0,224,224,0.000064415544',
      '0,224,224,224,1e-300',
      '',
    ]);
    expect(Number(lines[2]?.split(',')[4])).toBe(6.4415544e-5);
  });

  it('quotes names of columns that a comma or a quote would break', () => {
    const rows = gridRows({ across: 1, count: 1, classes: ['a,b', 'say "c"'] });
    expect([...tileCsvPieces(rows)].join('').split('\n')[0]).toBe('minx,miny,width,height,"a,b","say ""c"""');
  });

  it('of a slide without tiles is a header', () => {
    expect([...tileCsvPieces(gridRows({ across: 1, count: 0 }))].join('')).toBe('minx,miny,width,height,score\n');
  });
});

describe('GeoJSON of tiles', () => {
  it('is what QuPath reads: a UUID, objectType, measurements as numbers, a closed ring in pixels of level 0', () => {
    const rows = gridRows({ across: 2, count: 3, value: (tile) => tile / 4 });
    const [, second] = featuresOf(tileGeoJsonPieces(rows, 'a'));
    expect(second).toEqual({
      type: 'Feature',
      id: tileId('a', 224, 0, 224, 224),
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [448, 0],
            [448, 224],
            [224, 224],
            [224, 0],
            [448, 0],
          ],
        ],
      },
      properties: { objectType: 'tile', isLocked: true, measurements: { score: 0.25 } },
    });
  });

  it('names the class of the greatest value where the model has classes, as text', () => {
    const value = (tile: number, column: number): number => [0.2, tile === 0 ? 0.7 : 0.1, NaN][column] ?? 0;
    const rows = gridRows({ across: 2, count: 2, classes: ['benign', 'tumour', 'other'], value });
    const found = featuresOf(tileGeoJsonPieces(rows, 'a'));
    expect(found.map(({ properties }) => properties['classification'])).toEqual(['tumour', 'benign']);
  });

  it('writes what is no number as text, which JSON has no other way to say', () => {
    const values = [NaN, Infinity, -Infinity];
    const rows = gridRows({ across: 3, count: 3, value: (tile) => values[tile] ?? 0 });
    const found = featuresOf(tileGeoJsonPieces(rows, 'a')).map(({ properties }) => properties['measurements']);
    expect(found).toEqual([{ score: 'NaN' }, { score: 'Infinity' }, { score: '-Infinity' }]);
  });

  it('has other ids for another slide, another place and another size, and the same ones for the same', () => {
    const ids = [
      tileId('a', 0, 0, 224, 224),
      tileId('b', 0, 0, 224, 224),
      tileId('a', 224, 0, 224, 224),
      tileId('a', 0, 0, 448, 224),
    ];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(tileId('a', 0, 0, 224, 224)).toBe(ids[0]);
  });

  it('of a slide without tiles is an empty collection', () => {
    expect(featuresOf(tileGeoJsonPieces(gridRows({ across: 1, count: 0 }), 'a'))).toEqual([]);
  });
});

describe('a million tiles', () => {
  it('come in pieces that are as small as those of a thousand', () => {
    const longest = (pieces: Iterable<string>): { most: number; features: number } => {
      let [most, features] = [0, 0];
      for (const piece of pieces) {
        most = Math.max(most, piece.length);
        features += piece.split('"type":"Feature"').length - 1;
      }
      return { most, features };
    };
    const rows = gridRows({ across: 1000, count: 1_000_000, value: (tile) => tile / 1e6 });
    const geoJson = longest(tileGeoJsonPieces(rows, 'a'));
    expect(geoJson.features).toBe(1_000_000);
    expect(geoJson.most).toBeLessThan(64 * 1024);
    expect(longest(tileCsvPieces(rows)).most).toBeLessThan(64 * 1024);
  });
});
