/** Makes slides of several files as far as their descriptions and headers go: there are no pixels in them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Entries of a level: place, offset, length, number of the file. */
export type MiraxImage = readonly [place: number, offset: number, length: number, file: number];

export interface MiraxOptions {
  readonly slideId?: string;
  readonly indexId?: string;
  readonly data?: readonly string[];
  readonly dataBytes?: number;
  readonly ini?: (text: string) => string;
  /** By level, by page. */
  readonly levels?: readonly (readonly (readonly MiraxImage[])[])[];
}

export function miraxIni(slideId: string, data: readonly string[], levels: number): string {
  const files = data.map((name, i) => `FILE_${i} = ${name}`).join('\r\n');
  return [
    '\ufeff[GENERAL]',
    'SLIDE_VERSION = 01.02',
    `SLIDE_ID = ${slideId}`,
    'IMAGENUMBER_X = 4',
    'IMAGENUMBER_Y = 3',
    '[HIERARCHICAL]',
    `HIER_0_NAME = Slide zoom level`,
    `HIER_0_COUNT = ${levels}`,
    'INDEXFILE = Index.dat',
    '[DATAFILE]',
    `FILE_COUNT = ${data.length}`,
    files,
    '',
  ].join('\r\n');
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeInt32LE(value, 4 * i);
  return bytes;
}

/** The index of levels of pages, one behind the other. */
export function miraxIndex(id: string, levels: readonly (readonly (readonly MiraxImage[])[])[]): Buffer {
  const root = 5 + id.length;
  const list = root + 8;
  let at = list + 4 * levels.length;
  const pointers: number[] = [];
  const parts: Buffer[] = [];
  for (const pages of levels) {
    pointers.push(at);
    at += 8;
    parts.push(words(0, pages.length === 0 ? 0 : at));
    for (const [i, images] of pages.entries()) {
      const bytes = 8 + 16 * images.length;
      parts.push(words(images.length, i + 1 < pages.length ? at + bytes : 0), ...images.map((one) => words(...one)));
      at += bytes;
    }
  }
  return Buffer.concat([Buffer.from(`01.02${id}`), words(list, 0), words(...pointers), ...parts]);
}

/** Gives the path of the .mrxs file. */
export async function makeMirax(folder: string, name: string, options: MiraxOptions = {}): Promise<string> {
  const { slideId = '0123456789abcdef', data = ['Data0000.dat', 'Data0001.dat'], dataBytes = 100 } = options;
  const levels = options.levels ?? [[[[0, 0, 50, 0]], [[1, 50, 50, 1]]], [[[0, 10, 20, 1]]]];
  const inner = join(folder, name);
  await mkdir(inner, { recursive: true });
  const path = join(folder, `${name}.mrxs`);
  await writeFile(path, '');
  const text = miraxIni(slideId, data, levels.length);
  await writeFile(join(inner, 'Slidedat.ini'), options.ini?.(text) ?? text);
  await writeFile(join(inner, 'Index.dat'), miraxIndex(options.indexId ?? slideId, levels));
  for (const file of data) if (!file.includes('/')) await writeFile(join(inner, file), Buffer.alloc(dataBytes, 1));
  return path;
}

export const vmsText = [
  '[Virtual Microscope Specimen]',
  'NoLayers=1',
  'NoJpegColumns=2',
  'NoJpegRows=1',
  'ImageFile=a.jpg',
  'ImageFile(1,0)=a(1,0).jpg',
  'MapFile=a_map.jpg',
  'OptimisationFile=a.opt',
  'MacroImage=a_macro.jpg',
  '',
].join('\r\n');

export async function makeVms(folder: string, text = vmsText): Promise<string> {
  for (const name of ['a.jpg', 'a(1,0).jpg', 'a_map.jpg', 'a.opt', 'a_macro.jpg'])
    await writeFile(join(folder, name), name);
  await writeFile(join(folder, 'a.vms'), text);
  return join(folder, 'a.vms');
}

export const vmuText = [
  '[Uncompressed Virtual Microscope Specimen]',
  'NoLayers=1',
  'BitsPerPixel=36',
  'PixelOrder=RGB',
  'ImageFile=u.ngr',
  'MapFile=u_map.ngr',
  'MacroImage=u_macro.jpg',
  '',
].join('\n');

const kLong = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);
export const wholeSlide = '1.2.840.10008.5.1.4.1.1.77.1.6';
const kExplicit = '1.2.840.10008.1.2.4.50';
export const implicitSyntax = '1.2.840.10008.1.2';

/** `length`: what the file says, where that is not the truth. */
export function element(tag: number, vr: string, value: Buffer, length = value.length): Buffer {
  const head = Buffer.alloc(kLong.has(vr) ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (kLong.has(vr)) head.writeUInt32LE(length, 8);
  else head.writeUInt16LE(length, 6);
  return Buffer.concat([head, value]);
}

function implicitElement(tag: number, value: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.writeUInt32LE(value.length, 4);
  return Buffer.concat([head, value]);
}

function text(value: string): Buffer {
  return Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1');
}

function whole(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}

/** A sequence of undefined length, with an item of undefined length that holds another sequence. */
export function openSequence(tag: number, inside: Buffer): Buffer {
  const mark = (which: number): Buffer => Buffer.from([0xfe, 0xff, which & 0xff, which >>> 8, 0, 0, 0, 0]);
  const begin = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
  return Buffer.concat([element(tag, 'SQ', Buffer.alloc(0), 0xffffffff), begin, inside, mark(0xe00d), mark(0xe0dd)]);
}

export interface DicomOptions {
  readonly sopClass?: string;
  readonly series?: string;
  readonly sopInstance?: string;
  readonly source?: string;
  readonly imageType?: string;
  readonly frames?: number;
  readonly rows?: number;
  readonly columns?: number;
  readonly matrix?: readonly [columns: number, rows: number];
  readonly organisation?: string;
  readonly part?: readonly [number: number, total: number | null];
  readonly implicit?: boolean;
  readonly syntax?: string;
  /** Elements of group 0008 or 0009, before the others. */
  readonly before?: Buffer;
}

let made = 0;

/** The bytes of a DICOM file: 2 by 2 tiles of 256 pixels, all of them there. */
export function dicomFile(options: DicomOptions = {}): Buffer {
  const { sopClass = wholeSlide, series = '1.2.3.4', sopInstance = `1.2.3.5.${++made}`, implicit = false } = options;
  const { imageType = 'ORIGINAL\\PRIMARY\\VOLUME\\NONE', frames = 4, rows = 256, columns = 256 } = options;
  const { matrix = [500, 400], organisation = 'TILED_FULL', part } = options;
  const one = (tag: number, vr: string, value: Buffer): Buffer =>
    implicit ? implicitElement(tag, value) : element(tag, vr, value);
  const meta = Buffer.concat([
    element(0x00020001, 'OB', Buffer.from([0, 1])),
    element(0x00020002, 'UI', text(sopClass)),
    element(0x00020010, 'UI', text(options.syntax ?? (implicit ? implicitSyntax : kExplicit))),
  ]);
  const concatenation =
    part === undefined
      ? []
      : [
          one(0x00209161, 'UI', text('1.2.3.9')),
          one(0x00209162, 'US', whole(part[0], 2)),
          ...(part[1] === null ? [] : [one(0x00209163, 'US', whole(part[1], 2))]),
        ];
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x00020000, 'UL', whole(meta.length, 4)),
    meta,
    ...(options.before === undefined ? [] : [options.before]),
    one(0x00080008, 'CS', text(imageType)),
    one(0x00080018, 'UI', text(sopInstance)),
    one(0x0020000d, 'UI', text('1.2.3')),
    one(0x0020000e, 'UI', text(series)),
    ...(options.source === undefined ? [] : [one(0x00200242, 'UI', text(options.source))]),
    ...concatenation,
    one(0x00209311, 'CS', text(organisation)),
    one(0x00280008, 'IS', text(String(frames))),
    one(0x00280010, 'US', whole(rows, 2)),
    one(0x00280011, 'US', whole(columns, 2)),
    one(0x00480006, 'UL', whole(matrix[0], 4)),
    one(0x00480007, 'UL', whole(matrix[1], 4)),
    one(0x52009230, 'SQ', Buffer.alloc(0)),
    one(0x7fe00010, 'OB', Buffer.alloc(16)),
  ]);
}
