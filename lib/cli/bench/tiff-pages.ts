/** The directories of a pyramid in a classic little-endian TIFF: one page a level, tiles of JPEG with shared tables. */
import { tilePx } from './tissue-tiles.js';

/** One level: where each of its tiles lies, row by row. */
export interface Page {
  readonly width: number;
  readonly height: number;
  readonly offsets: Uint32Array;
  readonly byteCounts: Uint32Array;
}

type Field = readonly [tag: number, type: 3 | 4 | 7, values: ArrayLike<number>];

const bytesOfType = { 3: 2, 4: 4, 7: 1 } as const;

function fieldsOf({ width, height, offsets, byteCounts }: Page, jpegTables: Uint8Array, reduced: boolean): Field[] {
  return [
    [254, 4, [reduced ? 1 : 0]],
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, [8, 8, 8]],
    [259, 3, [7]], // compression: JPEG
    [262, 3, [6]], // photometric: YCbCr
    [277, 3, [3]],
    [284, 3, [1]],
    [322, 3, [tilePx]],
    [323, 3, [tilePx]],
    [324, 4, offsets],
    [325, 4, byteCounts],
    [347, 7, jpegTables],
    [530, 3, [2, 2]], // chroma: half as wide and high
  ];
}

function valuesOf([, type, values]: Field): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * bytesOfType[type]));
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (type === 3) view.setUint16(2 * i, value, true);
    else if (type === 4) view.setUint32(4 * i, value, true);
    else view.setUint8(i, value);
  }
  return new Uint8Array(view.buffer);
}

/** A page's long values, then its directory, to be written at `at` (even). The link to the next page, its end, is 0. */
function pageBytes(fields: readonly Field[], at: number): { bytes: Buffer; directory: number } {
  const longValues: Uint8Array[] = [];
  let next = at;
  const directoryBytes = 2 + 12 * fields.length + 4;
  const view = new DataView(new ArrayBuffer(directoryBytes));
  view.setUint16(0, fields.length, true);
  for (const [i, field] of fields.entries()) {
    const [tag, type, values] = field;
    const data = valuesOf(field);
    const entry = 2 + 12 * i;
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    view.setUint32(entry + 4, values.length, true);
    if (data.length <= 4) new Uint8Array(view.buffer).set(data, entry + 8);
    else {
      view.setUint32(entry + 8, next, true);
      const padded = new Uint8Array(data.length + (data.length % 2));
      padded.set(data);
      longValues.push(padded);
      next += padded.length;
    }
  }
  return { bytes: Buffer.concat([...longValues, new Uint8Array(view.buffer)]), directory: next };
}

/** Everything behind the tiles: `at` is where it will lie (even). `firstDirectory` belongs into the header. */
export function pyramidBytes(
  pages: readonly Page[],
  jpegTables: Uint8Array,
  at: number,
): { readonly bytes: Uint8Array; readonly firstDirectory: number } {
  const parts: Buffer[] = [];
  let position = at;
  let firstDirectory = 0;
  let linkIn: { part: Buffer; offset: number } | null = null;
  for (const [i, page] of pages.entries()) {
    const { bytes, directory } = pageBytes(fieldsOf(page, jpegTables, i > 0), position);
    if (linkIn === null) firstDirectory = directory;
    else linkIn.part.writeUInt32LE(directory, linkIn.offset);
    linkIn = { part: bytes, offset: bytes.length - 4 };
    parts.push(bytes);
    position += bytes.length;
  }
  return { bytes: Buffer.concat(parts), firstDirectory };
}
