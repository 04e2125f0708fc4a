/**
 * The objects of a file: the superblock, a heap of texts, and the headers of the root group and of contiguous datasets,
 * after "HDF5 File Format Specification, version 3.0". Version 2 of the object header holds no times. Every HDF5 library
 * since 1.8 (2008) reads them.
 */
import { ByteList } from './byte-list.js';
import {
  attributeBody,
  dataspace,
  elementType,
  type Attributes,
  type ElementName,
  type HeapPlace,
} from './hdf5-types.js';
import { lookup3 } from './lookup3.js';

const nowhere = 2n ** 64n - 1n;

const message = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  fillValue: 0x05,
  link: 0x06,
  layout: 0x08,
  groupInfo: 0x0a,
  attribute: 0x0c,
} as const;

/** What stands at the start of the file. */
function superblock(rootAddress: number, fileBytes: number): Buffer {
  const list = new ByteList().bytes(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a));
  list.u8(2, 8, 8, 0).u64(0).u64(nowhere).u64(fileBytes).u64(rootAddress);
  return withChecksum(list);
}

function withChecksum(list: ByteList): Buffer {
  const body = list.whole();
  return new ByteList().bytes(body).u32(lookup3(body)).whole();
}

/** A contiguous dataset whose values are in the file already. */
export interface StoredDataset {
  readonly name: string;
  readonly type: ElementName;
  readonly dimensions: readonly number[];
  readonly address: number;
  readonly bytes: number;
  readonly attributes: Attributes;
}

/** A global heap collection: texts of attributes. */
class TextHeap {
  readonly #list = new ByteList();
  #count = 0;

  constructor(private readonly address: number) {}

  readonly place = (text: string): HeapPlace => {
    const bytes = Buffer.from(text, 'utf8');
    const index = ++this.#count;
    // An index of a heap has 16 bits. The attributes of a file are a few dozen.
    this.#list.u16(index).u16(1).u32(0).u64(bytes.length).bytes(bytes).zeros(padding(bytes.length));
    return { bytes: bytes.length, address: this.address, index };
  };

  whole(): Buffer {
    // A collection has at least 4096 bytes; the rest is a free object with the index 0.
    const used = 16 + this.#list.length;
    const size = Math.max(4096, Math.ceil((used + 16) / 8) * 8);
    const list = new ByteList().ascii('GCOL').u8(1, 0, 0, 0).u64(size).bytes(this.#list.whole());
    return list
      .u16(0)
      .u16(0)
      .u32(0)
      .u64(size - used)
      .zeros(size - used - 16)
      .whole();
  }
}

const padding = (bytes: number): number => (8 - (bytes % 8)) % 8;

class ObjectHeader {
  readonly #messages = new ByteList();

  add(type: number, body: Uint8Array): this {
    this.#messages.u8(type).u16(body.length).u8(0).bytes(body);
    return this;
  }

  attributes(attributes: Attributes, place: (text: string) => HeapPlace): this {
    for (const [name, value] of Object.entries(attributes))
      this.add(message.attribute, attributeBody(name, value, place));
    return this;
  }

  whole(): Buffer {
    // 0x12: the size has four bytes; how many attributes stay in the header is said (at most 64).
    const list = new ByteList().ascii('OHDR').u8(2, 0x12).u16(64).u16(6);
    return withChecksum(list.u32(this.#messages.length).bytes(this.#messages.whole()));
  }
}

function datasetHeader({ type, dimensions, address, bytes, attributes }: StoredDataset, heap: TextHeap): Buffer {
  const header = new ObjectHeader()
    .add(message.dataspace, dataspace(dimensions))
    .add(message.datatype, elementType(type))
    // Version 3; written as it is, no fill value.
    .add(message.fillValue, Uint8Array.of(3, 0x0a));
  const layout = new ByteList()
    .u8(3, 1)
    .u64(bytes === 0 ? nowhere : address)
    .u64(bytes);
  return header.add(message.layout, layout.whole()).attributes(attributes, heap.place).whole();
}

function groupHeader(links: ReadonlyMap<string, number>, attributes: Attributes, heap: TextHeap): Buffer {
  const header = new ObjectHeader()
    .add(message.linkInfo, new ByteList().u8(0, 0).u64(nowhere).u64(nowhere).whole())
    .add(message.groupInfo, Uint8Array.of(0, 0));
  for (const [name, address] of links)
    header.add(message.link, new ByteList().u8(1, 0, name.length).ascii(name).u64(address).whole());
  return header.attributes(attributes, heap.place).whole();
}

interface Headers {
  readonly heap: Buffer;
  readonly datasets: readonly Buffer[];
  readonly root: Buffer;
}

/** Sizes do not depend on addresses. */
function headersOf(
  heapAddress: number,
  datasets: readonly StoredDataset[],
  attributes: Attributes,
  addresses: readonly number[],
): Headers {
  const heap = new TextHeap(heapAddress);
  const headers = datasets.map((each) => datasetHeader(each, heap));
  const links = new Map(datasets.map(({ name }, i) => [name, addresses[i] ?? 0]));
  const root = groupHeader(links, attributes, heap);
  return { heap: heap.whole(), datasets: headers, root };
}

/**
 * What comes after the values of the datasets, from `address` on, and the superblock that makes a file of it. Names of
 * datasets and attributes are ASCII.
 */
export function closing(
  address: number,
  datasets: readonly StoredDataset[],
  attributes: Attributes,
): { readonly tail: Buffer; readonly superblock: Buffer } {
  const draft = headersOf(address, datasets, attributes, []);
  const addresses: number[] = [];
  let at = address + draft.heap.length;
  for (const { length } of draft.datasets) {
    addresses.push(at);
    at += length + padding(length);
  }
  const { heap, datasets: headers, root } = headersOf(address, datasets, attributes, addresses);
  const tail = new ByteList().bytes(heap);
  for (const header of headers) tail.bytes(header).zeros(padding(header.length));
  tail.bytes(root);
  return { tail: tail.whole(), superblock: superblock(at, address + tail.length) };
}
