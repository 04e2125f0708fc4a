/** The head of an HDF5 file: sizes of its fields, and where its root group is. HDF5 File Format Specification 3.0, II. */
import { damaged, Fields, type FieldSizes } from './fields.js';
import type { WindowedFile } from './windowed-file.js';

export interface Superblock {
  readonly sizes: FieldSizes;
  /** Added to every address. */
  readonly base: number;
  /** Of the root group's object header. */
  readonly root: number;
}

const kSignature = Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
const kMostBytes = 128;
/** A user block may come first; the head then lies at one of these places. */
const kPlaces = [0, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];

async function find(file: WindowedFile): Promise<Fields> {
  for (const place of kPlaces) {
    if (place >= file.size) break;
    const bytes = await file.readUpTo(place, kMostBytes, 'the head');
    if (bytes.subarray(0, kSignature.length).equals(kSignature))
      return new Fields(Buffer.from(bytes), file.path, 'the head of the file').skip(kSignature.length);
  }
  throw damaged(file.path, 'no HDF5 file: its signature is nowhere');
}

function sizesOf(file: WindowedFile, offset: number, length: number): FieldSizes {
  const allowed = [2, 4, 8];
  if (!allowed.includes(offset) || !allowed.includes(length))
    throw damaged(file.path, `addresses of ${offset} and lengths of ${length} bytes; 2, 4 or 8 are expected`);
  return { offset, length };
}

/** Throws IMAGES_INVALID, and TRUNCATED where the head says that the file was longer. */
export async function readSuperblock(file: WindowedFile): Promise<Superblock> {
  const fields = await find(file);
  const version = fields.number(1);
  if (version > 3) throw damaged(file.path, `HDF5 superblock ${version}; 0 to 3 are read`);
  if (version >= 2) {
    const sizes = sizesOf(file, fields.number(1), fields.number(1));
    const base = fields.skip(1).address(sizes.offset) ?? 0;
    fields.address(sizes.offset);
    const end = fields.address(sizes.offset) ?? 0;
    return checked(file, { sizes, base, root: base + (fields.address(sizes.offset) ?? 0) }, end);
  }
  const sizes = sizesOf(file, fields.skip(4).number(1), fields.number(1));
  fields.skip(version === 1 ? 13 : 9);
  const base = fields.address(sizes.offset) ?? 0;
  fields.address(sizes.offset);
  const end = fields.address(sizes.offset) ?? 0;
  fields.address(sizes.offset);
  // The entry of the root group: its name's place, then the address of its object header.
  fields.skip(sizes.offset);
  return checked(file, { sizes, base, root: base + (fields.address(sizes.offset) ?? 0) }, end);
}

/** `end` is what the file had when it was written, counted from its very start. */
function checked(file: WindowedFile, superblock: Superblock, end: number): Superblock {
  if (end > file.size) throw file.cutShort(end, 'the HDF5 file');
  return superblock;
}
