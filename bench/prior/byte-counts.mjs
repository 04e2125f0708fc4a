// The sizes of a slide's stored tiles, straight from its tile tables: what the prior is made of. Reads the directories
// and the TileByteCounts of top-level pages and SubIFDs, nothing else.
import { open } from 'node:fs/promises';

const typeBytes = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };
const tags = { width: 256, height: 257, compression: 259, tileWidth: 322, tileHeight: 323, counts: 325, subIfds: 330 };

/** [{ width, height, tileWidth, tileHeight, compression, columns, rows, counts }] of every tiled directory. */
export async function readByteCounts(path) {
  const file = await open(path);
  try {
    return await new Reader(file).directories();
  } finally {
    await file.close();
  }
}

class Reader {
  constructor(file) {
    this.file = file;
  }

  async bytes(offset, length) {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await this.file.read(buffer, 0, length, offset);
    if (bytesRead !== length) throw new Error(`expected ${length} bytes at ${offset}`);
    return buffer;
  }

  number(buffer, at, bytes) {
    if (bytes === 8) return Number(this.little ? buffer.readBigUInt64LE(at) : buffer.readBigUInt64BE(at));
    return this.little ? buffer.readUIntLE(at, bytes) : buffer.readUIntBE(at, bytes);
  }

  async directories() {
    const header = await this.bytes(0, 16);
    this.little = header.toString('latin1', 0, 2) === 'II';
    this.big = this.number(header, 2, 2) === 43;
    const found = [];
    let offset = this.big ? this.number(header, 8, 8) : this.number(header, 4, 4);
    while (offset !== 0) {
      const { entries, next } = await this.directory(offset);
      const subs = await this.values(entries.get(tags.subIfds));
      for (const one of [entries, ...(await Promise.all(subs.map(async (at) => (await this.directory(at)).entries)))])
        if (one.has(tags.counts)) found.push(await this.tiles(one));
      offset = next;
    }
    return found;
  }

  async directory(offset) {
    const [countBytes, entryBytes, fieldBytes] = this.big ? [8, 20, 8] : [2, 12, 4];
    const count = this.number(await this.bytes(offset, countBytes), 0, countBytes);
    const body = await this.bytes(offset + countBytes, count * entryBytes + fieldBytes);
    const entries = new Map();
    for (let at = 0; at < count * entryBytes; at += entryBytes) {
      const type = this.number(body, at + 2, 2);
      const values = this.number(body, at + 4, fieldBytes);
      const field = body.subarray(at + 4 + fieldBytes, at + entryBytes);
      entries.set(this.number(body, at, 2), { type, values, field });
    }
    return { entries, next: this.number(body, count * entryBytes, fieldBytes) };
  }

  async values(entry) {
    const width = typeBytes[entry?.type];
    if (width === undefined) return [];
    const length = entry.values * width;
    const inline = length <= entry.field.length;
    const data = inline ? entry.field : await this.bytes(this.number(entry.field, 0, entry.field.length), length);
    return Array.from({ length: entry.values }, (_, i) => this.number(data, i * width, width));
  }

  async tiles(entries) {
    const one = async (tag) => (await this.values(entries.get(tag)))[0];
    const [width, height] = [await one(tags.width), await one(tags.height)];
    const [tileWidth, tileHeight] = [await one(tags.tileWidth), await one(tags.tileHeight)];
    const [columns, rows] = [Math.ceil(width / tileWidth), Math.ceil(height / tileHeight)];
    const counts = (await this.values(entries.get(tags.counts))).slice(0, columns * rows);
    return { width, height, tileWidth, tileHeight, compression: await one(tags.compression), columns, rows, counts };
  }
}
