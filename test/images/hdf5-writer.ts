/**
 * Writes HDF5 files in the form that h5py writes by default, for tests: superblock 0, a root group with a tree of names, and
 * datasets with object headers of version 1. Written from the format's specification; what h5py writes is compared in
 * test/peers/images.test.ts.
 */

/** A dataset. Without `form` it is a scalar string in one piece. */
export interface Written {
  readonly name: string;
  readonly content: Uint8Array;
  readonly form?:
    | 'bytes'
    | 'opaque'
    | 'compact'
    | 'chunked'
    | 'compressed'
    | 'vlen'
    | 'picture'
    | 'external'
    | 'link'
    | 'empty';
}

const kNone = 0xffff_ffff_ffff_ffffn;
/** Names of a node. */
const kNodeNames = 8;
const kTreeChildren = 32;

class Bytes {
  readonly #parts: Buffer[] = [];
  length = 0;

  add(part: Uint8Array): this {
    this.#parts.push(Buffer.from(part));
    this.length += part.length;
    return this;
  }
  u(size: number, value: number): this {
    const part = Buffer.alloc(size);
    part.writeUIntLE(value, 0, Math.min(size, 6));
    return this.add(part);
  }
  address(value: number | null): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(value === null ? kNone : BigInt(value));
    return this.add(part);
  }
  padTo(multiple: number): this {
    return this.add(Buffer.alloc((multiple - (this.length % multiple)) % multiple));
  }
  get all(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function message(type: number, body: Bytes): Buffer {
  body.padTo(8);
  return new Bytes().u(2, type).u(2, body.length).u(1, 0).u(3, 0).add(body.all).all;
}

function objectHeader(messages: readonly Buffer[]): Buffer {
  const body = Buffer.concat(messages);
  return new Bytes().u(1, 1).u(1, 0).u(2, messages.length).u(4, 1).u(4, body.length).u(4, 0).add(body).all;
}

const datatypes = {
  string: (bytes: number) => new Bytes().u(1, 0x13).u(1, 1).u(2, 0).u(4, bytes),
  opaque: (bytes: number) => new Bytes().u(1, 0x15).u(3, 0).u(4, bytes).u(8, 0),
  byte: () => new Bytes().u(1, 0x10).u(3, 0).u(4, 1).u(2, 0).u(2, 8),
  vlen: () => new Bytes().u(1, 0x19).u(1, 1).u(2, 0).u(4, 16).add(datatypes.string(1).all),
};

/** `dataAt`: where the content is to be. */
function datasetHeader({ content, form }: Written, dataAt: number): Buffer {
  const n = content.length;
  const isRow = form === 'bytes' || form === 'chunked' || form === 'compressed';
  const dims = form === 'picture' ? [n, 1] : isRow ? [n] : [];
  const space = new Bytes().u(1, 1).u(1, dims.length).u(6, 0);
  for (const dim of dims) space.address(dim);
  const type =
    form === 'vlen'
      ? datatypes.vlen()
      : form === 'opaque'
        ? datatypes.opaque(n)
        : dims.length > 0
          ? datatypes.byte()
          : datatypes.string(n);
  const layouts = {
    contiguous: () =>
      new Bytes()
        .u(1, 3)
        .u(1, 1)
        .address(form === 'empty' ? null : dataAt)
        .address(n),
    compact: () => new Bytes().u(1, 3).u(1, 0).u(2, n).add(content),
    chunked: () => new Bytes().u(1, 3).u(1, 2).u(1, 2).address(null).u(4, n).u(4, 1),
  };
  const isChunked = form === 'chunked' || form === 'compressed';
  const layout = layouts[form === 'compact' ? 'compact' : isChunked ? 'chunked' : 'contiguous']();
  const messages = [message(0x01, space), message(0x03, type), message(0x08, layout)];
  if (form === 'compressed')
    messages.push(message(0x0b, new Bytes().u(1, 1).u(1, 1).u(6, 0).u(2, 1).u(2, 0).u(2, 0).u(2, 0)));
  if (form === 'external') messages.push(message(0x07, new Bytes().u(1, 1).u(3, 0).u(2, 1).u(2, 1).address(0)));
  return objectHeader(messages);
}

/** The names have to be sorted by their bytes, as in the files that HDF5 writes. */
export function hdf5File(entries: readonly Written[]): Buffer {
  const out = new Bytes();
  // Superblock and the entry of the root group; its places are known: 96 bytes, then the root's object header.
  const root = 96;
  const rootHeaderBytes = 16 + 8 + 16;
  const headersAt = root + rootHeaderBytes;

  const names = new Bytes().add(Buffer.alloc(8));
  const namesAt: number[] = [];
  for (const { name } of entries) {
    namesAt.push(names.length);
    names.add(Buffer.from(`${name}\0`)).padTo(8);
  }

  // Datasets: a header, then its content.
  const data = new Bytes();
  const headerAt: (number | null)[] = [];
  for (const entry of entries) {
    if (entry.form === 'link') {
      headerAt.push(null);
      continue;
    }
    data.padTo(8);
    const at = headersAt + data.length;
    const length = datasetHeader(entry, 0).length;
    headerAt.push(at);
    data.add(datasetHeader(entry, at + length)).add(entry.content);
  }
  data.padTo(8);
  const heapAt = headersAt + data.length;
  const heap = new Bytes()
    .add(Buffer.from('HEAP'))
    .u(4, 0)
    .address(names.length)
    .address(1)
    .address(heapAt + 32)
    .add(names.all)
    .padTo(8);

  // Nodes with names, then the levels of the tree above them, from below.
  const tables = new Bytes();
  const tablesAt = heapAt + heap.length;
  let children: number[] = [];
  for (let first = 0; first < entries.length; first += kNodeNames) {
    const some = entries.slice(first, first + kNodeNames);
    children.push(tablesAt + tables.length);
    tables.add(Buffer.from('SNOD')).u(1, 1).u(1, 0).u(2, some.length);
    for (const [i, { form }] of some.entries())
      tables
        .address(namesAt[first + i] ?? 0)
        .address(headerAt[first + i] ?? null)
        .u(4, form === 'link' ? 2 : 0)
        .u(4, 0)
        .add(Buffer.alloc(16));
  }
  let level = 0;
  do {
    const above: number[] = [];
    for (let first = 0; first < Math.max(children.length, 1); first += kTreeChildren) {
      const some = children.slice(first, first + kTreeChildren);
      above.push(tablesAt + tables.length);
      tables.add(Buffer.from('TREE')).u(1, 0).u(1, level).u(2, some.length).address(null).address(null).address(0);
      for (const child of some) tables.address(child).address(0);
    }
    children = above;
    level += 1;
  } while (children.length > 1);
  const end = tablesAt + tables.length;

  const rootHeader = objectHeader([message(0x11, new Bytes().address(children[0] ?? null).address(heapAt))]);
  out.add(Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]));
  out.u(4, 0).u(1, 0).u(1, 8).u(1, 8).u(1, 0).u(2, 4).u(2, 16).u(4, 0);
  out.address(0).address(null).address(end).address(null);
  out.address(0).address(root).u(4, 0).u(4, 0).add(Buffer.alloc(16));
  return out.add(rootHeader).add(data.all).add(heap.all).add(tables.all).all;
}
