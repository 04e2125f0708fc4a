/**
 * A small sequential TIFF writer: data is appended, directories are written after the data they describe, each linked
 * from the one before, as libtiff does. Classic or Big, either byte order. It checks nothing about the tags, so that
 * tests can write odd and broken files with it. Synchronous writes; memory is one write buffer.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

export type TagType = keyof typeof TYPES;

/** Numeric TIFF types with their code and bytes per value. */
const TYPES = {
  byte: { code: 1, bytes: 1 },
  ascii: { code: 2, bytes: 1 },
  short: { code: 3, bytes: 2 },
  long: { code: 4, bytes: 4 },
  /** Two longs a value; `values` holds numerator, denominator, … */
  rational: { code: 5, bytes: 8 },
  undefined: { code: 7, bytes: 1 },
  double: { code: 12, bytes: 8 },
  /** Big TIFF only. */
  long8: { code: 16, bytes: 8 },
} as const;

export const TagId = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  imageDescription: 270,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  sampleFormat: 339,
  jpegTables: 347,
  ycbcrSubSampling: 530,
  referenceBlackWhite: 532,
} as const;

export interface Tag {
  readonly id: number;
  readonly type: TagType;
  readonly values: ArrayLike<number>;
}

export interface TiffWriterOptions {
  /** 64-bit offsets. @defaultValue false */
  readonly bigTiff?: boolean;
  /** @defaultValue 'little' */
  readonly byteOrder?: 'little' | 'big';
}

const CLASSIC_LIMIT = 2 ** 32;
const BUFFER_BYTES = 1 << 22;

export class TiffWriter {
  readonly bigTiff: boolean;
  private readonly little: boolean;
  private readonly fd: number;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private buffered = 0;
  private written = 0;
  /** Where the offset of the next linked directory goes. */
  private linkAt: number;
  private open = true;

  constructor(path: string, options: TiffWriterOptions = {}) {
    this.bigTiff = options.bigTiff ?? false;
    this.little = (options.byteOrder ?? 'little') === 'little';
    this.fd = openSync(path, 'w');
    const header = new DataView(new ArrayBuffer(this.bigTiff ? 16 : 8));
    header.setUint16(0, this.little ? 0x4949 : 0x4d4d);
    header.setUint16(2, this.bigTiff ? 43 : 42, this.little);
    if (this.bigTiff) header.setUint16(4, 8, this.little);
    this.append(new Uint8Array(header.buffer));
    this.linkAt = this.bigTiff ? 8 : 4;
  }

  /** Bytes so far: the offset of what is appended next. */
  get position(): number {
    return this.written + this.buffered;
  }

  /** Appends bytes and returns their offset. Throws RangeError when a classic file would pass 4 GiB. */
  append(bytes: Uint8Array): number {
    const offset = this.position;
    if (!this.bigTiff && offset + bytes.length > CLASSIC_LIMIT) {
      throw new RangeError('a classic TIFF ends at 4 GiB: ask for bigTiff');
    }
    if (this.buffered + bytes.length > BUFFER_BYTES) this.flush();
    if (bytes.length > BUFFER_BYTES) {
      writeAll(this.fd, bytes, null);
      this.written += bytes.length;
    } else {
      this.buffer.set(bytes, this.buffered);
      this.buffered += bytes.length;
    }
    return offset;
  }

  /** Writes a directory and links it as the next top-level page. Returns its offset. */
  addPage(tags: readonly Tag[]): number {
    const { offset, nextAt } = this.writeDirectory(tags);
    this.patchOffset(this.linkAt, offset);
    this.linkAt = nextAt;
    return offset;
  }

  /** Writes a directory that nothing points to yet, for SubIFDs. Returns its offset. */
  addDetachedDirectory(tags: readonly Tag[]): number {
    return this.writeDirectory(tags).offset;
  }

  /** Overwrites bytes already written; does not move the end. */
  patch(offset: number, bytes: Uint8Array): void {
    this.flush();
    writeAll(this.fd, bytes, offset);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    try {
      this.flush();
    } finally {
      closeSync(this.fd);
    }
  }

  private flush(): void {
    writeAll(this.fd, this.buffer.subarray(0, this.buffered), null);
    this.written += this.buffered;
    this.buffered = 0;
  }

  private patchOffset(at: number, value: number): void {
    const view = new DataView(new ArrayBuffer(this.bigTiff ? 8 : 4));
    this.setOffset(view, 0, value);
    this.patch(at, new Uint8Array(view.buffer));
  }

  private setOffset(view: DataView, at: number, value: number): void {
    if (this.bigTiff) view.setBigUint64(at, BigInt(value), this.little);
    else view.setUint32(at, value, this.little);
  }

  /** Values longer than an entry's own field go first, then the directory. */
  private writeDirectory(tags: readonly Tag[]): { offset: number; nextAt: number } {
    const sorted = [...tags].sort((a, b) => a.id - b.id);
    const fieldBytes = this.bigTiff ? 8 : 4;
    const entryBytes = this.bigTiff ? 20 : 12;
    const countBytes = this.bigTiff ? 8 : 2;
    const bytes = countBytes + sorted.length * entryBytes + fieldBytes;
    const view = new DataView(new ArrayBuffer(bytes));
    if (this.bigTiff) view.setBigUint64(0, BigInt(sorted.length), this.little);
    else view.setUint16(0, sorted.length, this.little);
    sorted.forEach((tag, i) => {
      const at = countBytes + i * entryBytes;
      const data = encodeValues(tag, this.little);
      const count = tag.values.length / (tag.type === 'rational' ? 2 : 1);
      view.setUint16(at, tag.id, this.little);
      view.setUint16(at + 2, TYPES[tag.type].code, this.little);
      this.setOffset(view, at + 4, count);
      const field = at + 4 + fieldBytes;
      if (data.length <= fieldBytes) new Uint8Array(view.buffer).set(data, field);
      else this.setOffset(view, field, this.appendAligned(data));
    });
    const offset = this.appendAligned(new Uint8Array(view.buffer));
    return { offset, nextAt: offset + bytes - fieldBytes };
  }

  /** Directories and long values start at even offsets. */
  private appendAligned(bytes: Uint8Array): number {
    if (this.position % 2 === 1) this.append(new Uint8Array(1));
    return this.append(bytes);
  }
}

/** Tag values from text; TIFF strings end with a zero byte. */
export function asciiTag(id: number, text: string): Tag {
  return { id, type: 'ascii', values: new Uint8Array([...Buffer.from(text, 'utf8'), 0]) };
}

function encodeValues(tag: Tag, little: boolean): Uint8Array {
  const width = tag.type === 'rational' ? 4 : TYPES[tag.type].bytes;
  const view = new DataView(new ArrayBuffer(tag.values.length * width));
  for (let i = 0; i < tag.values.length; i++) {
    const value = tag.values[i] as number;
    const at = i * width;
    if (tag.type === 'double') view.setFloat64(at, value, little);
    else if (width === 1) view.setUint8(at, value);
    else if (width === 2) view.setUint16(at, value, little);
    else if (width === 4) view.setUint32(at, value, little);
    else view.setBigUint64(at, BigInt(value), little);
  }
  return new Uint8Array(view.buffer);
}

function writeAll(fd: number, bytes: Uint8Array, position: number | null): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done);
  }
}
