/** Which files are wanted of each slide, and in which folders. */
import { join } from 'node:path';
import { parseOptions } from '../options/parse.js';
import type { SlideFileOptions } from '../options/types.js';

/** Files of a slide by the option that asks for them. */
export type FileKind = 'tilesCsv' | 'geojson' | 'heatmap' | 'attention' | 'maskPng';

interface KindOfFile {
  readonly kind: FileKind;
  /** In the folder for all files. */
  readonly folder: string;
  /** What follows the name of the slide, one file each. */
  readonly suffixes: readonly string[];
}

const pictureSuffixes = (name: string): readonly string[] => [`.${name}.png`, `.${name}.tif`, `.${name}.json`];

export const kindsOfFiles: readonly KindOfFile[] = [
  { kind: 'tilesCsv', folder: 'tiles-csv', suffixes: ['.csv'] },
  { kind: 'geojson', folder: 'geojson', suffixes: ['.geojson'] },
  { kind: 'heatmap', folder: 'heatmap', suffixes: pictureSuffixes('heatmap') },
  { kind: 'attention', folder: 'attention', suffixes: pictureSuffixes('attention') },
  { kind: 'maskPng', folder: 'mask', suffixes: ['.mask.png'] },
];

/** One kind of file that is wanted. */
export interface WantedKind extends Omit<KindOfFile, 'folder'> {
  readonly folder: string;
  /** Asked for by its own option: it is refused where it cannot be had. Else it is left out. */
  readonly isNamed: boolean;
}

export interface FileOptions {
  readonly kinds: readonly WantedKind[];
  readonly heatmapDownsample: number | null;
  readonly runRecord: string | null;
  readonly overwrite: boolean;
}

/** `own`: options of scoreSlide; else of a run. Throws INVALID_OPTION. */
export function parseFileOptions(options: unknown): FileOptions {
  return fileOptionsOf(parseOptions(['files'], options) as unknown as ParsedFileOptions);
}

/** As the table of options parses them: null where not given. */
export type ParsedFileOptions = {
  readonly [K in keyof SlideFileOptions]-?: Exclude<SlideFileOptions[K], undefined | URL> | null;
};

export function fileOptionsOf(parsed: ParsedFileOptions): FileOptions {
  const { outputFolder } = parsed;
  const kinds = kindsOfFiles.flatMap(({ kind, folder, suffixes }): WantedKind[] => {
    const named = parsed[kind];
    if (named !== null) return [{ kind, folder: named, suffixes, isNamed: true }];
    return outputFolder === null ? [] : [{ kind, folder: join(outputFolder, folder), suffixes, isNamed: false }];
  });
  const record = parsed.runRecord ?? (outputFolder === null ? null : join(outputFolder, 'run-record.json'));
  const { heatmapDownsample, overwrite } = parsed;
  return { kinds, heatmapDownsample, runRecord: record, overwrite: overwrite ?? false };
}
