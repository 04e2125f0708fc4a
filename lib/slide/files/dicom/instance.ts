/** One DICOM file of a slide: what its header says of the image, as far as the files of a slide are told together by it. */
import { MicrotomeError } from '../../../core/errors.js';
import { openPart, type FilePart, type SlideFileSystem } from '../file-part.js';
import { WindowedPart } from '../windowed-part.js';
import { isDicom, readHeader, type DicomHeader } from './header.js';

/** VL Whole Slide Microscopy Image Storage. */
const kWholeSlide = '1.2.840.10008.5.1.4.1.1.77.1.6';
const kMaxRead = 2 ** 24;

const tags = {
  storedClass: 0x00020002,
  imageType: 0x00080008,
  sopInstance: 0x00080018,
  study: 0x0020000d,
  series: 0x0020000e,
  frameOfReference: 0x00200052,
  concatenationSource: 0x00200242,
  concatenation: 0x00209161,
  inConcatenation: 0x00209162,
  inConcatenationTotal: 0x00209163,
  organisation: 0x00209311,
  frames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  matrixColumns: 0x00480006,
  matrixRows: 0x00480007,
  opticalPaths: 0x00480302,
  focalPlanes: 0x00480303,
} as const;
const kWanted = new Set<number>(Object.values(tags));

/** A part of an image that is divided among several files. */
export interface Concatenation {
  readonly uid: string;
  /** From 1. */
  readonly number: number;
  /** Null: the file does not say it. */
  readonly total: number | null;
}

export interface DicomInstance {
  readonly part: FilePart;
  readonly study: string;
  readonly series: string;
  readonly frameOfReference: string;
  readonly sopInstance: string;
  /** Of the image that this file is, or is a part of. */
  readonly image: string;
  readonly imageType: readonly string[];
  /** `TILED_FULL` or `TILED_SPARSE`; empty: the file does not say it. */
  readonly organisation: string;
  readonly frames: number;
  /** Of one frame, in pixels. */
  readonly rows: number;
  readonly columns: number;
  /** Of the whole image, in pixels; null: the file does not say it. */
  readonly matrixColumns: number | null;
  readonly matrixRows: number | null;
  readonly focalPlanes: number;
  readonly opticalPaths: number;
  readonly concatenation: Concatenation | null;
}

/** What a file is: of a slide, a DICOM file of something else, or no DICOM file. */
export type DicomFile =
  | { readonly kind: 'slide'; readonly instance: DicomInstance }
  | { readonly kind: 'other'; readonly sopClass: string }
  | { readonly kind: 'none' };

/** Throws TRUNCATED, NOT_A_SLIDE for a header that is not understood, and the system's own errors. */
export async function readDicom(part: FilePart, fs: SlideFileSystem, signal: AbortSignal | null): Promise<DicomFile> {
  const handle = await openPart(part.path, fs);
  try {
    const file = new WindowedPart(handle, part.size, kMaxRead, signal);
    if (!(await isDicom(file))) return { kind: 'none' };
    const header = await readHeader(part.path, file, kWanted);
    const sopClass = textOf(header, tags.storedClass);
    return sopClass === kWholeSlide
      ? { kind: 'slide', instance: instanceOf(part, header) }
      : { kind: 'other', sopClass };
  } finally {
    await handle.close();
  }
}

function instanceOf(part: FilePart, header: DicomHeader): DicomInstance {
  const { path } = part;
  const uid = (tag: number, name: string): string => {
    const value = textOf(header, tag);
    if (/^[0-9.]{1,128}$/.test(value)) return value;
    throw invalid(path, `${name} is ${value === '' ? 'not there' : JSON.stringify(value.slice(0, 64))}`);
  };
  const whole = (tag: number, bytes: 2 | 4): number | null => numberOf(header, tag, bytes);
  const sopInstance = uid(tags.sopInstance, 'SOPInstanceUID');
  const source = textOf(header, tags.concatenationSource);
  return {
    part,
    study: textOf(header, tags.study),
    series: uid(tags.series, 'SeriesInstanceUID'),
    frameOfReference: textOf(header, tags.frameOfReference),
    sopInstance,
    image: source === '' ? sopInstance : source,
    imageType: textOf(header, tags.imageType).split('\\'),
    organisation: textOf(header, tags.organisation),
    frames: framesOf(header, path),
    rows: whole(tags.rows, 2) ?? 0,
    columns: whole(tags.columns, 2) ?? 0,
    matrixColumns: whole(tags.matrixColumns, 4),
    matrixRows: whole(tags.matrixRows, 4),
    focalPlanes: whole(tags.focalPlanes, 4) ?? 1,
    opticalPaths: whole(tags.opticalPaths, 4) ?? 1,
    concatenation: concatenationOf(header),
  };
}

function concatenationOf(header: DicomHeader): Concatenation | null {
  const uid = textOf(header, tags.concatenation);
  if (uid === '') return null;
  const number = numberOf(header, tags.inConcatenation, 2) ?? 0;
  return { uid, number, total: numberOf(header, tags.inConcatenationTotal, 2) };
}

/** A number as text. */
function framesOf(header: DicomHeader, path: string): number {
  const text = textOf(header, tags.frames).trim();
  if (text === '') return 1;
  if (!/^\+?\d{1,10}$/.test(text)) throw invalid(path, `NumberOfFrames is ${JSON.stringify(text.slice(0, 40))}`);
  return Number(text);
}

/** Texts end with a space or a zero where their number of bytes would be odd. */
function textOf(header: DicomHeader, tag: number): string {
  return (
    header
      .get(tag)
      ?.toString('latin1')
      .replace(/[\0 ]+$/, '') ?? ''
  );
}

/** Null: not there, or of another size. */
function numberOf(header: DicomHeader, tag: number, bytes: 2 | 4): number | null {
  const value = header.get(tag);
  return value?.length === bytes ? value.readUIntLE(0, bytes) : null;
}

function invalid(path: string, found: string): MicrotomeError {
  return new MicrotomeError('NOT_A_SLIDE', 'slide', `the DICOM file ${path} is no slide: ${found}`, { path });
}
