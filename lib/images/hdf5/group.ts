/** The names of a group and the objects they stand for. HDF5 File Format Specification 3.0, III.A, III.B, III.D. */
import { Turns } from '../../core/turns.js';
import { damaged, Fields } from './fields.js';
import { readMessages } from './object-header.js';
import type { Superblock } from './superblock.js';
import type { WindowedFile } from './windowed-file.js';

export interface Entry {
  readonly name: string;
  /** Of the object header; null: a link to a name elsewhere. */
  readonly header: number | null;
}

const kSymbolTable = 0x11;
const kMostHeapBytes = 256 * 1024 * 1024;
const kMostEntries = 16_000_000;
const kDeepest = 32;

/** In the order of the file, which is that of the names' bytes. Throws IMAGES_INVALID, TRUNCATED. */
export async function readGroup(file: WindowedFile, superblock: Superblock): Promise<readonly Entry[]> {
  const { sizes, base, root } = superblock;
  const table = (await readMessages(file, superblock, root)).find(({ type }) => type === kSymbolTable);
  if (table === undefined)
    throw damaged(
      file.path,
      "its list of names has the newer form, which is not read; write the file with libver='earliest', as h5py does by default",
    );
  const fields = new Fields(table.bytes, file.path, 'the root group');
  const [tree, heap] = [fields.address(sizes.offset), fields.address(sizes.offset)];
  if (tree === null || heap === null) throw damaged(file.path, 'the root group has no list of names');
  const names = await readHeap(file, superblock, base + heap);
  const nodes = await leaves(file, superblock, base + tree);
  const entries: Entry[] = [];
  const turns = new Turns();
  for (const node of nodes) {
    if (turns.isOver) await turns.next();
    entries.push(...(await readSymbols(file, superblock, node, names)));
    if (entries.length > kMostEntries) throw damaged(file.path, `more than ${kMostEntries} names`);
  }
  return entries;
}

async function readHeap(file: WindowedFile, { sizes, base }: Superblock, at: number): Promise<Buffer> {
  const bytes = 8 + 2 * sizes.length + sizes.offset;
  const fields = new Fields(await file.read(at, bytes, 'the names'), file.path, `the names at ${at}`).signature('HEAP');
  const size = fields.skip(4).number(sizes.length);
  const data = fields.skip(sizes.length).address(sizes.offset);
  if (data === null || size > kMostHeapBytes)
    throw damaged(file.path, `names of ${size} bytes; at most ${kMostHeapBytes} are read`);
  return Buffer.from(await file.read(base + data, size, 'the names'));
}

/** The nodes that hold names, in order. A node that is reached twice would make a walk without an end. */
async function leaves(file: WindowedFile, superblock: Superblock, root: number): Promise<readonly number[]> {
  const { sizes, base } = superblock;
  const seen = new Set<number>();
  const found: number[] = [];
  const walk = async (at: number, depth: number): Promise<void> => {
    if (seen.has(at) || depth > kDeepest) throw damaged(file.path, `the tree of names has a loop at ${at}`);
    seen.add(at);
    const headBytes = 8 + 2 * sizes.offset;
    const head = new Fields(
      await file.read(at, headBytes, 'the tree of names'),
      file.path,
      `the tree of names at ${at}`,
    );
    const type = head.signature('TREE').number(1);
    const level = head.number(1);
    const used = head.number(2);
    if (type !== 0) throw damaged(file.path, `the tree of names at ${at} is no tree of names`);
    const bytes = used * (sizes.length + sizes.offset);
    const children = new Fields(
      Buffer.from(await file.read(at + headBytes, bytes, 'the tree of names')),
      file.path,
      `the tree of names at ${at}`,
    );
    for (let i = 0; i < used; i++) {
      const child = children.skip(sizes.length).address(sizes.offset);
      if (child === null) throw damaged(file.path, `the tree of names at ${at} leads nowhere`);
      if (level > 0) await walk(base + child, depth + 1);
      else if (found.push(base + child) > kMostEntries) throw damaged(file.path, `more than ${kMostEntries} names`);
    }
  };
  await walk(root, 0);
  return found;
}

async function readSymbols(
  file: WindowedFile,
  { sizes, base }: Superblock,
  at: number,
  names: Buffer,
): Promise<readonly Entry[]> {
  const head = new Fields(await file.read(at, 8, 'a list of names'), file.path, `the list of names at ${at}`);
  const count = head.signature('SNOD').skip(2).number(2);
  const entryBytes = 2 * sizes.offset + 24;
  const bytes = await file.read(at + 8, count * entryBytes, 'a list of names');
  const fields = new Fields(bytes, file.path, `the list of names at ${at}`);
  return Array.from({ length: count }, () => {
    const nameAt = fields.number(sizes.offset);
    const header = fields.address(sizes.offset);
    const kind = fields.number(4);
    fields.skip(20);
    const end = names.indexOf(0, nameAt);
    if (nameAt >= names.length || end < 0) throw damaged(file.path, `the list of names at ${at} names nothing`);
    const isLink = kind === 2 || header === null;
    return { name: names.toString('utf8', nameAt, end), header: isLink ? null : base + (header ?? 0) };
  });
}
