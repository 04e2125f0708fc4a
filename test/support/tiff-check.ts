/**
 * A second, independent reading of a TIFF's structure, for tests of what the generator writes: classic or Big, little
 * endian, numeric tags, whole file in memory. It shares no code with the writer or with the library.
 */

export interface CheckedPage {
  /** Values by tag number. */
  readonly tags: ReadonlyMap<number, readonly number[]>;
}

const BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 16: 8 };

export function readPages(file: Buffer): CheckedPage[] {
  if (file.toString('latin1', 0, 2) !== 'II') throw new Error('not a little-endian TIFF');
  const version = file.readUInt16LE(2);
  if (version !== 42 && version !== 43) throw new Error(`TIFF version ${version}`);
  const big = version === 43;
  const word = (at: number): number => (big ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  const pages: CheckedPage[] = [];
  let at = word(big ? 8 : 4);
  while (at !== 0) {
    const count = big ? Number(file.readBigUInt64LE(at)) : file.readUInt16LE(at);
    const entry = big ? 20 : 12;
    const first = at + (big ? 8 : 2);
    const tags = new Map<number, readonly number[]>();
    let previous = -1;
    for (let i = 0; i < count; i++) {
      const id = file.readUInt16LE(first + i * entry);
      if (id <= previous) throw new Error(`tag ${id} after tag ${previous}`);
      previous = id;
      tags.set(id, readValues(file, first + i * entry, big, word));
    }
    pages.push({ tags });
    at = word(first + count * entry);
  }
  return pages;
}

function readValues(file: Buffer, at: number, big: boolean, word: (at: number) => number): number[] {
  const type = file.readUInt16LE(at + 2);
  const width = BYTES[type];
  if (width === undefined) throw new Error(`type ${type}`);
  const count = word(at + 4);
  const field = at + (big ? 12 : 8);
  const start = count * width <= (big ? 8 : 4) ? field : word(field);
  if (start + count * width > file.length) throw new Error('values behind the end of the file');
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    const p = start + i * width;
    if (type === 5) values.push(file.readUInt32LE(p) / file.readUInt32LE(p + 4));
    else if (width === 8) values.push(Number(file.readBigUInt64LE(p)));
    else values.push(file.readUIntLE(p, width));
  }
  return values;
}

/** The values of a tag that must be there. */
export function tagOf(page: CheckedPage, id: number): readonly number[] {
  const values = page.tags.get(id);
  if (values === undefined) throw new Error(`tag ${id} is missing`);
  return values;
}
