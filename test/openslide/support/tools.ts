/** OpenSlide as openslide-python shows it, and the slides that the scripts of this folder made; see scripts/steps/openslide.mjs. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openSlide, type OpenOptions, type Slide } from '../../../dist/index.js';

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by npm run test:openslide`);
  return value;
}

export const python = variable('MICROTOME_OPENSLIDE_PYTHON');
/** libopenslide.so.1 of openslide-bin. */
export const library = variable('MICROTOME_OPENSLIDE_LIBRARY');
const folder = variable('MICROTOME_OPENSLIDE_SLIDES');

export interface MadeSlide {
  readonly name: string;
  /** What OpenSlide calls the vendor. */
  readonly vendor: string;
  readonly path: string;
}

const made = (name: string, vendor: string, file: string): MadeSlide => ({ name, vendor, path: join(folder, file) });

export const miraxSlides = ['plain', 'divided', 'holes', 'overlaps'].map((plan) =>
  made(`MRXS ${plan}`, 'mirax', `mrxs/${plan}.mrxs`),
);
export const hamamatsuSlides = [
  made('VMS 4:2:2', 'hamamatsu', 'vms/slide.vms'),
  made('VMS 4:4:4', 'hamamatsu', 'vms-444/slide.vms'),
  made('VMU', 'hamamatsu', 'vmu/slide.vmu'),
];
/** OpenSlide 4.0.1 decodes no restart interval of a 4:2:0 file; our own reader does. */
export const ndpiSlides = ['422', '444'].map((way) => made(`NDPI ${way}`, 'hamamatsu', `ndpi/${way}.ndpi`));
export const ndpi420 = made('NDPI 420', 'hamamatsu', 'ndpi/420.ndpi');
/** TIFFs that our own reader reads, level by level as OpenSlide shows them. */
export const scannerTiffs = [
  ...['one', 'several', 'planes'].map((plan) => made(`SCN ${plan}`, 'leica', `scn/${plan}.scn`)),
  ...['plain', 'exported'].map((plan) => made(`BIF ${plan}`, 'ventana', `bif/${plan}.bif`)),
  made('Trestle', 'trestle', 'trestle/plain.tif'),
];
/** TIFFs whose stored tiles overlap, or have places of their own: our reader leaves them to OpenSlide. */
export const leftTiffs = [
  ...['overlaps', 'areas'].map((plan) => made(`BIF ${plan}`, 'ventana', `bif/${plan}.bif`)),
  made('Trestle overlaps', 'trestle', 'trestle/overlaps.tif'),
];
/** Made from real TIFF slides, where the test data is there. */
export const dicomSlides = ['420', '444', 'j2k', 'aperio']
  .map((way) => made(`DICOM ${way}`, 'dicom', `dicom-${way}/volume-0.dcm`))
  .filter(({ path }) => existsSync(path));

/** Of the real tile of wsidicom-data, in the transfer syntaxes that OpenSlide 4.0 reads, and in others. */
export const frameSlides = [
  'explicit-vr-little-endian-rgb-8',
  'jpeg-2000-image-compression-lossless-only-rgb-8',
  'jpeg-2000-image-compression-lossless-only-ybr-8',
  'jpeg-2000-image-compression-rgb-8',
  'jpeg-2000-image-compression-ybr-8',
  'jpeg-baseline-process-1-rgb-8',
  'jpeg-baseline-process-1-ybr-8',
].map((way) => made(`DICOM frames, ${way}`, 'dicom', `frames/${way}/slide.dcm`));
export const framesFolder = join(folder, 'frames');

export const madeSlides: readonly MadeSlide[] = [
  ...miraxSlides,
  ...hamamatsuSlides,
  ...ndpiSlides,
  ...frameSlides,
  ...scannerTiffs,
  ...leftTiffs,
  ...dicomSlides,
];

function runPython(script: string, args: readonly string[]): Promise<string> {
  const file = resolve(import.meta.dirname, '..', script);
  return new Promise((done, fail) => {
    const options = { timeout: 120_000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 } as const;
    execFile(python, ['-B', '-E', '-s', file, ...args], options, (error, stdout, stderr) => {
      if (error === null) done(stdout);
      else fail(new Error(`${script} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
  });
}

export interface Facts {
  readonly library: string;
  readonly levels: readonly (readonly [number, number])[];
  readonly downsamples: readonly number[];
  readonly properties: Readonly<Record<string, string>>;
  readonly associated: Readonly<Record<string, readonly [number, number]>>;
  readonly iccSha256: string | null;
}

export const factsOf = async (path: string): Promise<Facts> =>
  JSON.parse(await runPython('expected.py', ['facts', path])) as Facts;

/** Level, left and upper edge in pixels of level 0, width and height; or the name of an associated image. */
export type Request = readonly [number, number, number, number, number] | string;

/** RGB bytes of all requests, one after the other, on white. */
export async function expectedPixels(path: string, requests: readonly Request[]): Promise<Buffer> {
  const scratch = mkdtempSync(join(tmpdir(), 'microtome-expected-'));
  try {
    const [asked, out] = [join(scratch, 'requests.json'), join(scratch, 'pixels')];
    writeFileSync(asked, JSON.stringify(requests));
    await runPython('expected.py', ['pixels', path, asked, out]);
    return readFileSync(out);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export const open = (path: string, options: OpenOptions = {}): Promise<Slide> =>
  openSlide(path, { openslidePath: library, ...options });

export interface Rgb {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A part of a picture; what lies outside it is white. */
export function cut(picture: Rgb, x: number, y: number, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height * 3).fill(255);
  const [left, right] = [Math.max(0, x), Math.min(picture.width, x + width)];
  for (let row = Math.max(0, y); row < Math.min(picture.height, y + height); row += 1) {
    const at = (row * picture.width + left) * 3;
    out.set(picture.data.subarray(at, at + (right - left) * 3), ((row - y) * width + left - x) * 3);
  }
  return out;
}

/** Where two pictures of one size first differ, in words; null where they are the same. */
export function difference(ours: Uint8Array, theirs: Uint8Array, width: number): string | null {
  if (Buffer.compare(ours, theirs) === 0) return null;
  if (ours.length !== theirs.length) return `${ours.length} bytes, ${theirs.length} expected`;
  let [first, count, largest] = [-1, 0, 0];
  for (let i = 0; i < ours.length; i += 1) {
    const by = Math.abs((ours[i] as number) - (theirs[i] as number));
    if (by === 0) continue;
    if (first === -1) first = i;
    count += 1;
    largest = Math.max(largest, by);
  }
  const pixel = Math.floor(first / 3);
  return `${count} samples differ, by ${largest} at most; the first at x ${pixel % width}, y ${Math.floor(pixel / width)}`;
}
