/** Finds the tile table of page 0 of a little-endian classic TIFF, so that tests can damage chosen tiles. */

export interface TileEntry {
  readonly offset: number;
  readonly bytes: number;
  /** Where the two numbers themselves are in the file. */
  readonly offsetEntry: number;
  readonly bytesEntry: number;
}

const TILE_OFFSETS = 324;
const TILE_BYTE_COUNTS = 325;

export function firstPageTiles(file: Buffer): TileEntry[] {
  if (file.readUInt16LE(0) !== 0x4949 || file.readUInt16LE(2) !== 42)
    throw new Error('little-endian classic TIFF only');
  const start = file.readUInt32LE(4);
  const table = (tag: number): number[] => {
    for (let i = 0; i < file.readUInt16LE(start); i++) {
      const entry = start + 2 + 12 * i;
      if (file.readUInt16LE(entry) !== tag) continue;
      const count = file.readUInt32LE(entry + 4);
      if (file.readUInt16LE(entry + 2) !== 4 || count < 2) throw new Error('a table of 32-bit numbers only');
      const at = file.readUInt32LE(entry + 8);
      return Array.from({ length: count }, (_, k) => at + 4 * k);
    }
    throw new Error(`no tag ${tag}`);
  };
  const counts = table(TILE_BYTE_COUNTS);
  return table(TILE_OFFSETS).map((offsetEntry, i) => {
    const bytesEntry = counts[i] as number;
    return { offset: file.readUInt32LE(offsetEntry), bytes: file.readUInt32LE(bytesEntry), offsetEntry, bytesEntry };
  });
}

export const writeEntry = (file: Buffer, at: number, value: number): void => {
  file.writeUInt32LE(value, at);
};
