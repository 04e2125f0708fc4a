/** The header of an ELF file, its segments and its sections: 64 bits, little endian, as System V describes them. */
import { number64, type BinaryFile } from './binary-file.js';

const magic = 0x464c457f;
const headerBytes = 64;
const segmentBytes = 56;
const sectionBytes = 64;
const maxSegments = 4096;
const maxSections = 65_536;
const maxNameTableBytes = 2 ** 20;
const loadSegment = 1;
const dynamicSegment = 2;
const interpreterSegment = 3;
const maxPathBytes = 4096;
/** A section that takes no bytes in the file, as a file of debug information has it. */
const emptySection = 8;

/** The number that ELF gives to x86-64. */
export const x64Machine = 62;
/** The number of code for an NVIDIA GPU: a file of it (.cubin) is read by the driver, and no processor runs it. */
export const gpuMachine = 190;

interface Segment {
  readonly kind: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** A named piece of the file. */
export interface Section {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Where the parts of an ELF file are. */
export class ElfLayout {
  private constructor(
    private readonly file: BinaryFile,
    readonly machine: number,
    private readonly segments: readonly Segment[],
    private readonly header: Buffer,
  ) {}

  /** Null where the file is no ELF file. Throws where it is a damaged one, or one for 32 bits or big endian. */
  static async read(file: BinaryFile): Promise<ElfLayout | null> {
    if (file.sizeBytes < 4 || (await file.bytes(0, 4, 'its first word')).readUInt32LE(0) !== magic) return null;
    const header = await file.bytes(0, headerBytes, 'its header');
    const [bits, order] = [header[4], header[5]];
    if ((bits !== 1 && bits !== 2) || (order !== 1 && order !== 2))
      throw file.damaged('its header has an unknown form');
    if (bits === 1) throw file.foreign('32 bits');
    if (order === 2) throw file.foreign('big-endian numbers');
    return new ElfLayout(file, header.readUInt16LE(18), await segmentsOf(file, header), header);
  }

  get dynamic(): Segment | undefined {
    return this.segments.find(({ kind }) => kind === dynamicSegment);
  }

  /** The loader that a program names; null: none, as in most libraries. */
  async interpreter(): Promise<string | null> {
    const segment = this.segments.find(({ kind }) => kind === interpreterSegment);
    if (segment === undefined) return null;
    if (segment.bytes > maxPathBytes) throw this.file.damaged('the name of its loader is too long');
    return textAt(await this.file.bytes(segment.offset, segment.bytes, 'the name of its loader'), 0);
  }

  /** Where the byte at an address of the loaded program is in the file. */
  offsetOf(address: number, what: string): number {
    const segment = this.segments.find(
      ({ kind, address: first, bytes }) => kind === loadSegment && address >= first && address - first < bytes,
    );
    if (segment === undefined) throw this.file.damaged(`${what} lies in no segment`);
    return segment.offset + (address - segment.address);
  }

  /** The sections that take bytes in the file; null where the table or the names were stripped. */
  async sections(): Promise<readonly Section[] | null> {
    const [offset, size] = [number64(this.header, 40), this.header.readUInt16LE(58)];
    if (offset === 0) return null;
    if (size !== sectionBytes) throw this.file.damaged(`its sections have headers of ${size} bytes`);
    const first = await this.file.bytes(offset, sectionBytes, 'its table of sections');
    // A file with very many sections keeps both numbers in the first of them.
    const count = this.header.readUInt16LE(60) || number64(first, 32);
    const namesIndex = this.header.readUInt16LE(62) === 0xffff ? first.readUInt32LE(40) : this.header.readUInt16LE(62);
    if (count > maxSections) throw this.file.damaged(`it has ${count} sections, at most ${maxSections} are expected`);
    const table = await this.file.bytes(offset, count * sectionBytes, 'its table of sections');
    const names = await this.nameTable(table, namesIndex, count);
    if (names === null) return null;
    return Array.from({ length: count }, (_, i) => table.subarray(i * sectionBytes, (i + 1) * sectionBytes))
      .filter((entry) => entry.readUInt32LE(4) !== emptySection)
      .map((entry) => ({
        name: textAt(names, entry.readUInt32LE(0)),
        offset: number64(entry, 24),
        bytes: number64(entry, 32),
      }));
  }

  private async nameTable(table: Buffer, index: number, count: number): Promise<Buffer | null> {
    if (index === 0 || index >= count) return null;
    const [offset, bytes] = [number64(table, index * sectionBytes + 24), number64(table, index * sectionBytes + 32)];
    if (bytes > maxNameTableBytes) throw this.file.damaged('the names of its sections are too long');
    return this.file.bytes(offset, bytes, 'the names of its sections');
  }
}

async function segmentsOf(file: BinaryFile, header: Buffer): Promise<readonly Segment[]> {
  const [offset, size, count] = [number64(header, 32), header.readUInt16LE(54), header.readUInt16LE(56)];
  if (count === 0) return [];
  if (size !== segmentBytes) throw file.damaged(`its segments have headers of ${size} bytes`);
  if (count > maxSegments) throw file.damaged(`it has ${count} segments, at most ${maxSegments} are expected`);
  const table = await file.bytes(offset, count * segmentBytes, 'its table of segments');
  return Array.from({ length: count }, (_, i) => ({
    kind: table.readUInt32LE(i * segmentBytes),
    offset: number64(table, i * segmentBytes + 8),
    address: number64(table, i * segmentBytes + 16),
    bytes: number64(table, i * segmentBytes + 32),
  }));
}

/** The text that ends with a zero byte; empty where there is none. */
export function textAt(bytes: Buffer, at: number): string {
  const end = at < bytes.length ? bytes.indexOf(0, at) : -1;
  return end === -1 ? '' : bytes.toString('latin1', at, end);
}
