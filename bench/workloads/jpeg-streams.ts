/**
 * The level-0 tiles of a slide as complete JPEG streams in one file, for decoders that know no TIFF: the number of distinct
 * streams, each with its length, then the number of tiles and the stream of each, row by row. Little-endian, 32 bits.
 */
import { writeFileSync } from 'node:fs';

export function writeStreams(path: string, distinct: readonly Uint8Array[], tiles: Uint32Array): void {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const parts = distinct.flatMap((stream) => [number(stream.length), stream]);
  const grid = Buffer.alloc(4 * tiles.length);
  for (const [i, tile] of tiles.entries()) grid.writeUInt32LE(tile, 4 * i);
  writeFileSync(path, Buffer.concat([number(distinct.length), ...parts, number(tiles.length), grid]));
}
