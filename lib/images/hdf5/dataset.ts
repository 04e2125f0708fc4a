/** Where the bytes of one image are: a dataset that is one string of bytes, stored in one piece. */
import { Fields } from './fields.js';
import { readMessages, type Message } from './object-header.js';
import type { Superblock } from './superblock.js';
import type { WindowedFile } from './windowed-file.js';

export interface Stored {
  readonly offset: number;
  readonly bytes: number;
}

const kTypes = {
  dataspace: 0x01,
  links: 0x02,
  datatype: 0x03,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  symbols: 0x11,
};
const kLayouts = { compact: 0, contiguous: 1 };
/** By class of a datatype. */
const kClassNames = [
  'integers',
  'floats',
  'times',
  'strings',
  'bit fields',
  'bytes',
  'records',
  'references',
  'enumerations',
  'texts of changing length',
  'arrays',
];
/** By the number that the HDF Group gave them. */
const kFilters: Readonly<Record<number, string>> = {
  1: 'deflate',
  2: 'shuffle',
  3: 'fletcher32',
  4: 'szip',
  5: 'nbit',
  6: 'scaleoffset',
  32000: 'lzf',
  32001: 'blosc',
  32015: 'zstd',
};

/** Why a dataset is no image, for a person. */
export class NoImage extends Error {}

/** Where the dataset at `address` is. Throws NoImage, and the errors IMAGES_INVALID and TRUNCATED. */
export async function readDataset(file: WindowedFile, superblock: Superblock, address: number): Promise<Stored> {
  const messages = await readMessages(file, superblock, address);
  const find = (type: number): Message | undefined => messages.find((message) => message.type === type);
  const fieldsOf = ({ bytes }: Message): Fields => new Fields(bytes, file.path, `the object header at ${address}`);
  if (find(kTypes.symbols) !== undefined || find(kTypes.links) !== undefined) throw new NoImage('a group');
  const [space, type, layout, filters] = [kTypes.dataspace, kTypes.datatype, kTypes.layout, kTypes.filters].map(find);
  if (space === undefined || type === undefined || layout === undefined) throw new NoImage('no dataset');
  if (find(kTypes.externalFiles) !== undefined) throw new NoImage('its bytes are in another file');
  if (filters !== undefined) throw new NoImage(`compressed (${filterNames(fieldsOf(filters))})`);
  const items = itemCount(fieldsOf(space), superblock);
  const bytes = itemBytes(fieldsOf(type), items) * (items ?? 1);
  if (bytes === 0) throw new NoImage('empty');
  return storedAt(fieldsOf(layout), layout, superblock, bytes);
}

/** Null: a scalar; else the length of its one dimension. */
function itemCount(fields: Fields, { sizes }: Superblock): number | null {
  const version = fields.number(1);
  const rank = fields.number(1);
  if (version !== 1 && version !== 2) throw new NoImage(`a dataspace of version ${version}`);
  fields.skip(version === 1 ? 6 : 2);
  if (rank > 1) throw new NoImage(`${rank} dimensions`);
  return rank === 0 ? null : fields.number(sizes.length);
}

/** Bytes of an item: of a string or an opaque value that is a scalar, or of a row of bytes. */
function itemBytes(fields: Fields, items: number | null): number {
  const kind = fields.number(1) & 15;
  const bytes = fields.skip(3).number(4);
  const holds = items === null ? kind === 3 || kind === 5 : bytes === 1 && (kind === 0 || kind === 3 || kind === 5);
  if (holds) return bytes;
  const name = kClassNames[kind] ?? `values of class ${kind}`;
  throw new NoImage(items === null ? `a single value: ${name}` : `a list: ${name} of ${bytes} bytes`);
}

function filterNames(fields: Fields): string {
  const version = fields.number(1);
  const count = fields.number(1);
  if (version === 1) fields.skip(6);
  if (count === 0) return 'no filter named';
  const first = fields.number(2);
  const name = kFilters[first] ?? `filter ${first}`;
  return count > 1 ? `${name} and ${count - 1} more` : name;
}

function storedAt(fields: Fields, message: Message, { sizes, base }: Superblock, bytes: number): Stored {
  const version = fields.number(1);
  if (version < 1 || version > 4) throw new NoImage(`a layout of version ${version}`);
  const isOld = version < 3;
  const rank = isOld ? fields.number(1) : 0;
  const kind = fields.number(1);
  if (isOld) fields.skip(5);
  if (kind === kLayouts.contiguous) {
    const address = fields.address(sizes.offset);
    if (address === null) throw new NoImage('empty');
    // An old layout has dimensions here, which the dataspace has too.
    if (!isOld) requireBytes(bytes, fields.number(sizes.length));
    return { offset: base + address, bytes };
  }
  if (kind !== kLayouts.compact) throw new NoImage('stored in chunks');
  if (isOld) fields.skip(4 * rank);
  requireBytes(bytes, fields.number(isOld ? 4 : 2));
  const at = message.at + fields.at;
  fields.part(bytes);
  return { offset: at, bytes };
}

function requireBytes(expected: number, stored: number): void {
  if (stored < expected) throw new NoImage(`${expected} bytes, of which ${stored} are stored`);
}
