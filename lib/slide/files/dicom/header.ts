/**
 * The header of a DICOM file: the elements that stand before the pixels and say what the file is (PS3.5, PS3.10). Only those
 * that somebody asks for are kept; sequences are passed over. The file is a stranger's: the number of elements, the depth of
 * sequences and the bytes that are read are bounded, and no length is trusted.
 */
import { MicrotomeError } from '../../../core/errors.js';
import { BeyondPart, type WindowedPart } from '../windowed-part.js';

/** Where the word DICM is. Before it the file may hold anything. */
const kMagicAt = 128;
const kMagic = Buffer.from('DICM');
const kHeadBytes = kMagicAt + kMagic.length;

const kMaxElements = 100_000;
const kMaxDepth = 16;
const kMaxValueBytes = 4096;
const kUndefined = 0xffffffff;

const kItem = 0xfffee000;
const kItemEnd = 0xfffee00d;
const kSequenceEnd = 0xfffee0dd;

const kTransferSyntax = 0x00020010;
/** Elements come in the order of their tags. Behind this group are the functional groups, which may be large, and the pixels. */
const kLastGroup = 0x0048;

const kImplicit = '1.2.840.10008.1.2';
const kDeflated = '1.2.840.10008.1.2.1.99';
const kBigEndian = '1.2.840.10008.1.2.2';

/** Value representations that have a length of 32 bits. */
const kLong = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/** Values by tag, as they are in the file. */
export type DicomHeader = ReadonlyMap<number, Buffer>;

interface Element {
  readonly tag: number;
  readonly length: number;
  readonly valueAt: number;
  /** How the elements in its items are written. */
  readonly explicit: boolean;
}

/** `head`: the first bytes of a file. */
export function hasDicomMark(head: Buffer): boolean {
  return head.length >= kHeadBytes && head.subarray(kMagicAt, kHeadBytes).equals(kMagic);
}

export async function isDicom(file: WindowedPart): Promise<boolean> {
  return file.size >= kHeadBytes && hasDicomMark(await file.bytes(0, kHeadBytes));
}

/** Of a file that {@link isDicom}. Throws TRUNCATED, NOT_A_SLIDE. */
export async function readHeader(path: string, file: WindowedPart, wanted: ReadonlySet<number>): Promise<DicomHeader> {
  try {
    return await new HeaderReader(path, file, wanted).run();
  } catch (error) {
    if (!(error instanceof BeyondPart)) throw error;
    throw new MicrotomeError('TRUNCATED', 'slide', `the DICOM header of ${path} is cut short: ${error.message}`, {
      path,
    });
  }
}

class HeaderReader {
  private readonly values = new Map<number, Buffer>();
  private elements = 0;

  constructor(
    private readonly path: string,
    private readonly file: WindowedPart,
    private readonly wanted: ReadonlySet<number>,
  ) {}

  async run(): Promise<DicomHeader> {
    const begin = await this.dataSet(kHeadBytes, true, 0x0002);
    const syntax =
      this.values
        .get(kTransferSyntax)
        ?.toString('latin1')
        .replace(/[\0 ]+$/, '') ?? '';
    if (syntax === kDeflated || syntax === kBigEndian) throw this.refused(`its transfer syntax is ${syntax}`);
    await this.dataSet(begin, syntax !== kImplicit, kLastGroup);
    return this.values;
  }

  /** Reads elements up to the group `last`; gives where the next one begins. */
  private async dataSet(from: number, explicit: boolean, last: number): Promise<number> {
    let at = from;
    while (at < this.file.size) {
      // How an element is written may change with the group.
      if ((await this.file.bytes(at, 8)).readUInt16LE(0) > last) return at;
      const element = await this.element(at, explicit);
      if (element.length === kUndefined) at = await this.sequence(element.valueAt, element.explicit, 1);
      else {
        at = element.valueAt + element.length;
        if (at > this.file.size) throw new BeyondPart('the file ends before');
        if (element.tag === kTransferSyntax || this.wanted.has(element.tag)) await this.keep(element);
      }
    }
    return at;
  }

  private async keep({ tag, length, valueAt }: Element): Promise<void> {
    if (length > kMaxValueBytes) throw this.refused(`element ${tagText(tag)} has ${length} bytes`);
    this.values.set(tag, Buffer.from(await this.file.bytes(valueAt, length)));
  }

  private async element(at: number, explicit: boolean): Promise<Element> {
    if (++this.elements > kMaxElements) throw this.refused(`its header has more than ${kMaxElements} elements`);
    const head = await this.file.bytes(at, 8);
    const tag = head.readUInt16LE(0) * 0x10000 + head.readUInt16LE(2);
    if (!explicit) return { tag, length: head.readUInt32LE(4), valueAt: at + 8, explicit };
    const vr = head.toString('latin1', 4, 6);
    if (!/^[A-Z]{2}$/.test(vr)) throw this.refused(`element ${tagText(tag)} has no value representation`);
    if (!kLong.has(vr)) return { tag, length: head.readUInt16LE(6), valueAt: at + 8, explicit };
    const length = (await this.file.bytes(at + 8, 4)).readUInt32LE(0);
    // What is unknown and has no length is written the implicit way (PS3.5, 6.2.2).
    return { tag, length, valueAt: at + 12, explicit: vr !== 'UN' };
  }

  /** Passes over the items of a sequence of undefined length; gives where the next element begins. */
  private async sequence(from: number, explicit: boolean, depth: number): Promise<number> {
    if (depth > kMaxDepth) throw this.refused(`its sequences are nested more than ${kMaxDepth} deep`);
    let at = from;
    for (;;) {
      const { tag, length, valueAt } = await this.element(at, false);
      if (tag === kSequenceEnd) return valueAt;
      if (tag !== kItem) throw this.refused(`a sequence holds element ${tagText(tag)} in the place of an item`);
      at = length === kUndefined ? await this.item(valueAt, explicit, depth) : valueAt + length;
    }
  }

  private async item(from: number, explicit: boolean, depth: number): Promise<number> {
    let at = from;
    for (;;) {
      const head = await this.file.bytes(at, 8);
      if (head.readUInt16LE(0) * 0x10000 + head.readUInt16LE(2) === kItemEnd) return at + 8;
      const element = await this.element(at, explicit);
      if (element.length === kUndefined) at = await this.sequence(element.valueAt, element.explicit, depth + 1);
      else at = element.valueAt + element.length;
    }
  }

  private refused(found: string): MicrotomeError {
    return new MicrotomeError('NOT_A_SLIDE', 'slide', `${this.path} is a DICOM file that is not read: ${found}`, {
      path: this.path,
    });
  }
}

function tagText(tag: number): string {
  const hex = tag.toString(16).padStart(8, '0');
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}
