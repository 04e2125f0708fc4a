// Slides that are headers and tables only: a pyramid of any size whose stored tiles have places and sizes, and no bytes. The file is
// sparse, so that a slide of 70 gigapixels takes some megabytes of disk. They can be planned and not be decoded.
import { open } from 'node:fs/promises';

const tilePx = 256;
const headerBytes = 16;
const types = { short: 3, long: 4, long8: 16 };
const bytesOf = { short: 2, long: 4, long8: 8 };
const setters = {
  short: (view, at, value) => view.setUint16(at, value, true),
  long: (view, at, value) => view.setUint32(at, value, true),
  long8: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
};

/** Levels as the challenge has them: floored halves, until a level fits into a stored tile. */
export function levelsOf(width, height) {
  const levels = [];
  for (let [w, h] = [width, height]; ; [w, h] = [Math.floor(w / 2), Math.floor(h / 2)]) {
    levels.push({ width: w, height: h, tiles: Math.ceil(w / tilePx) * Math.ceil(h / tilePx) });
    if ((w <= tilePx && h <= tilePx) || w < 2 || h < 2) return levels;
  }
}

/** One directory of a BigTIFF. An entry: [tag, type, values] or, for values that stand elsewhere, [tag, type, count, place]. */
function directory(entries, next) {
  const view = new DataView(new ArrayBuffer(8 + 20 * entries.length + 8));
  view.setBigUint64(0, BigInt(entries.length), true);
  for (const [i, [tag, type, values, place]] of entries.entries()) {
    const at = 8 + 20 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, types[type], true);
    view.setBigUint64(at + 4, BigInt(place === undefined ? values.length : values), true);
    if (place === undefined)
      for (const [k, value] of values.entries()) setters[type](view, at + 12 + bytesOf[type] * k, value);
    else view.setBigUint64(at + 12, BigInt(place), true);
  }
  view.setBigUint64(view.byteLength - 8, BigInt(next), true);
  return new Uint8Array(view.buffer);
}

function entriesOf({ width, height, tiles }, index, place) {
  // A table of one entry stands in the directory itself.
  const table = (tag, type, at, only) => (tiles === 1 ? [tag, type, [only]] : [tag, type, tiles, at]);
  return [
    [254, 'long', [index === 0 ? 0 : 1]],
    [256, 'long', [width]],
    [257, 'long', [height]],
    [258, 'short', [8, 8, 8]],
    [259, 'short', [7]],
    [262, 'short', [6]],
    [277, 'short', [3]],
    [284, 'short', [1]],
    [322, 'short', [tilePx]],
    [323, 'short', [tilePx]],
    table(324, 'long8', place.offsets, place.data),
    table(325, 'long', place.counts, place.tileBytes),
  ];
}

/**
 * Writes such a slide. `tileBytes`: compressed bytes of every stored tile. The tables of the levels below `firstLevel` are left
 * empty: their tiles count as missing.
 */
export async function writeHeaderOnly(path, { width, height, tileBytes, firstLevel = 1 }) {
  const levels = levelsOf(width, height);
  const directoryBytes = 8 + 20 * 12 + 8;
  let end = headerBytes + levels.length * directoryBytes;
  const places = levels.map(({ tiles }) => {
    const offsets = end;
    const counts = offsets + tiles * bytesOf.long8;
    end = counts + Math.ceil((tiles * bytesOf.long) / 8) * 8;
    return { offsets, counts, tileBytes };
  });
  const file = await open(path, 'w');
  try {
    const head = new DataView(new ArrayBuffer(headerBytes));
    head.setUint16(0, 0x4949);
    head.setUint16(2, 43, true);
    head.setUint16(4, 8, true);
    head.setBigUint64(8, BigInt(headerBytes), true);
    await file.write(new Uint8Array(head.buffer), 0, headerBytes, 0);
    for (const [index, level] of levels.entries()) {
      const place = { ...places[index], data: end };
      const at = headerBytes + index * directoryBytes;
      const next = index + 1 < levels.length ? at + directoryBytes : 0;
      await file.write(directory(entriesOf(level, index, place), next), 0, directoryBytes, at);
      if (index < firstLevel) continue;
      if (level.tiles > 1) {
        const offsets = BigUint64Array.from({ length: level.tiles }, (_, i) => BigInt(end + i * tileBytes));
        await file.write(new Uint8Array(offsets.buffer), 0, offsets.byteLength, place.offsets);
        const counts = new Uint32Array(level.tiles).fill(tileBytes);
        await file.write(new Uint8Array(counts.buffer), 0, counts.byteLength, place.counts);
      }
      end += level.tiles * tileBytes;
    }
    await file.truncate(end);
  } finally {
    await file.close();
  }
}
