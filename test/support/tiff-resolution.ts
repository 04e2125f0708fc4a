/** States the resolution of a generated slide: the generator itself writes the one of VisioMel's files, which is of no use. */
import { readFileSync, writeFileSync } from 'node:fs';

const xResolution = 282;
const yResolution = 283;

/** Rewrites XResolution and YResolution of the first page of a little-endian classic TIFF whose unit is the centimetre. */
export function stateResolution(path: string, pixelsPerCm: number): void {
  const file = readFileSync(path);
  if (file.readUInt16LE(0) !== 0x4949 || file.readUInt16LE(2) !== 42)
    throw new Error('little-endian classic TIFF only');
  const page = file.readUInt32LE(4);
  let found = 0;
  for (let i = 0; i < file.readUInt16LE(page); i++) {
    const entry = page + 2 + 12 * i;
    if (![xResolution, yResolution].includes(file.readUInt16LE(entry))) continue;
    const value = file.readUInt32LE(entry + 8);
    file.writeUInt32LE(pixelsPerCm, value);
    file.writeUInt32LE(1, value + 4);
    ++found;
  }
  if (found !== 2) throw new Error(`${path} states no resolution`);
  writeFileSync(path, file);
}
