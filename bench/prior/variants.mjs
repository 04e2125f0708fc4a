// Generated slides in several JPEG qualities and noise levels. Each scene is painted once; noise is added to level 0
// before the levels above are reduced from it, as a scanner does.
import { generator } from '../shared/generator.mjs';

export const scenes = {
  plain: { width: 8192, height: 8192, seed: 31 },
  'pens, two borders': {
    width: 8192,
    height: 8192,
    seed: 32,
    pens: ['blue', 'red', 'green', 'black'],
    borders: ['left', 'top'],
  },
  'all borders': { width: 8192, height: 7168, seed: 33, borders: ['left', 'right', 'top', 'bottom'] },
  'little tissue, pen': { width: 8192, height: 8192, seed: 34, tissueShare: 0.01, pens: ['blue'] },
  'much tissue': { width: 6144, height: 6144, seed: 35, tissueShare: 0.5, pens: ['green'] },
};
export const qualities = [50, 75, 90];
/** Standard deviation of the noise, of 255. */
export const noises = [0, 4, 8];
const tilePx = 256;
const tileBytes = 3 * tilePx ** 2;

/** Truth and levels of one scene; levels[i].tiles[row * columns + column] is RGB. */
export async function paintScene(options) {
  const { Painter, sceneOf, sceneTruth, levelSizes } = await generator();
  const scene = sceneOf(options);
  const painter = new Painter(scene, tilePx);
  const [size] = levelSizes(options.width, options.height, tilePx);
  const tiles = [];
  for (let row = 0; row < size.rows; row++)
    for (let column = 0; column < size.columns; column++) {
      const tile = new Uint8Array(tileBytes);
      const [x, y] = [column * tilePx, row * tilePx];
      if (painter.isPainted(x, y)) painter.paint(x, y, tile);
      else painter.paintGlass(tile, x, y);
      tiles.push(tile);
    }
  return { truth: sceneTruth(scene), tiles };
}

/** Normal deviates, seeded; a tile takes a run of them from a place of its own. */
function noiseTable(sigma) {
  let state = 12345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  return Float32Array.from(
    { length: 1 << 20 },
    () => sigma * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

export function addNoise(tiles, sigma) {
  if (sigma === 0) return tiles;
  const table = noiseTable(sigma);
  return tiles.map((tile, index) => {
    const noisy = new Uint8Array(tile.length);
    let at = Math.imul(index + 1, 0x9e3779b1) >>> 0;
    for (let i = 0; i < tile.length; i++)
      noisy[i] = Math.max(0, Math.min(255, Math.round(tile[i] + table[at++ & (table.length - 1)])));
    return noisy;
  });
}

/** Writes a pyramid over `tiles` in every quality: paths[i] gets qualities[i]. */
export async function writePyramids(options, tiles, paths) {
  const { TiffWriter, TileEncoder, levelSizes, pageTags, reduceInto } = await generator();
  const encoders = qualities.map((quality) => new TileEncoder(tilePx, quality));
  const writers = paths.map((path) => new TiffWriter(path));
  let current = tiles;
  const sizes = levelSizes(options.width, options.height, tilePx);
  for (const [index, size] of sizes.entries()) {
    for (const [i, writer] of writers.entries()) {
      const encoded = current.map((tile) => encoders[i].encode(tile));
      const offsets = encoded.map((one) => writer.append(one));
      const byteCounts = encoded.map((one) => one.length);
      const page = {
        size,
        tileSizePx: tilePx,
        jpegTables: encoders[i].tables,
        offsets,
        byteCounts,
        reduced: index > 0,
      };
      writer.addPage(pageTags(page, writer));
    }
    if (sizes[index + 1] !== undefined) current = reduceTiles(current, size, sizes[index + 1], reduceInto);
  }
  for (const writer of writers) writer.close();
}

function reduceTiles(tiles, from, to, reduceInto) {
  const out = [];
  for (let row = 0; row < to.rows; row++)
    for (let column = 0; column < to.columns; column++) {
      const parent = new Uint8Array(tileBytes).fill(255);
      for (const [dx, dy] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ]) {
        const [x, y] = [2 * column + dx, 2 * row + dy];
        if (x < from.columns && y < from.rows) reduceInto(parent, tiles[y * from.columns + x], tilePx, dx, dy);
      }
      out.push(parent);
    }
  return out;
}
