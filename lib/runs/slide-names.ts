/** What the name of a file says of it: a slide that a folder run reads, one that this version cannot read, or neither. */
import type { FileSystem } from './file-system.js';

/** Which files of a folder a run reads. */
export interface ItemRules {
  /** What messages call one. */
  readonly noun: 'slide' | 'image';
  /**
   * `item`: it is read. `look`: its content says. `openslide`, `tiff`: it is a file of a scanner's own format, which OpenSlide
   * reads, or which is a TIFF. A reason: it is not read. Null: it is none of what the run is about.
   */
  byName(name: string): 'item' | 'look' | ScannerFormat | { readonly reason: string } | null;
  /** Why the file is not read; null: it is. */
  byContent?(path: string, fs: FileSystem): Promise<string | null>;
}

/** Endings of the names that a folder run reads. */
export const slideEndings = ['.tif', '.tiff', '.svs'] as const;

const kSlideName = /^[^.].*\.(tif|tiff|svs)$/is;

/** Not hidden, and with one of the slide extensions, in any case. */
export function isSlideName(name: string): boolean {
  return kSlideName.test(name);
}

/** Not hidden, and named as a JPEG or PNG file is. */
export function isImageName(name: string): boolean {
  return /^[^.].*\.(?:jpe?g|png)$/is.test(name);
}

/** The name, or the path, without the ending. */
export function stemOf(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  return dot > fileName.lastIndexOf('/') + 1 ? fileName.slice(0, dot) : fileName;
}

/** A scanner's own format: one that OpenSlide alone reads, or a kind of TIFF. */
export type ScannerFormat = 'openslide' | 'tiff';

const kScannerFormats: ReadonlyMap<string, ScannerFormat> = new Map([
  ...['mrxs', 'vms', 'vmu', 'dcm', 'dicom', 'svslide', 'czi'].map((ending) => [ending, 'openslide'] as const),
  ...['ndpi', 'scn', 'bif'].map((ending) => [ending, 'tiff'] as const),
]);

/** Slides in formats that nobody here reads, by extension. */
const kOtherFormats = new Set(
  'ndpis mirax isyntax i2syntax vsi ets lif nd2 oib oif oir zvi jp2 jpx j2k kfb sdpc tmap mds mdsx aperio afi sld sldy ims lsm zarr'.split(
    ' ',
  ),
);

/** TIFF files under other names: they may well be readable, and a folder run does not take them for slides. */
const kOtherTiffs = new Set('btf tf2 tf8 qptiff gtif gtiff ptif ptiff'.split(' '));

/** Lower case, without the dot; empty: none, or a hidden file. */
function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return name.startsWith('.') || dot < 1 ? '' : name.slice(dot + 1).toLowerCase();
}

/** Null: the name is not that of a scanner's own format. */
export function scannerFormat(name: string): ScannerFormat | null {
  return kScannerFormats.get(endingOf(name)) ?? null;
}

/** Why a file with such a name is not read although it may be a slide; null: it is none, as far as its name says. */
export function unreadKind(name: string): string | null {
  const extension = endingOf(name);
  if (kOtherFormats.has(extension)) return `this version does not read .${extension} files`;
  if (!kOtherTiffs.has(extension)) return null;
  return `of a folder only .tif, .tiff and .svs files are read; a .${extension} file can be given by its own path`;
}

/** A slide shows by its name alone. */
export const slideItems: ItemRules = {
  noun: 'slide',
  byName(name) {
    if (isSlideName(name)) return 'item';
    const format = scannerFormat(name);
    if (format !== null) return format;
    const reason = unreadKind(name);
    return reason === null ? null : { reason };
  },
};
