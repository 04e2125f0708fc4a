/** Inputs that users of other readers reported, with what is right in reports.json beside the files. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSlide, type Slide } from '../../lib/index.js';
import { dataDir } from './data.js';

export interface Report {
  readonly kind: string;
  readonly levels?: readonly (readonly [number, number])[];
  readonly levels0?: readonly [number, number];
  readonly downsamples?: readonly number[];
  readonly mpp?: number;
  readonly expect?: string;
  readonly also?: string;
  readonly note?: string;
  readonly region?: {
    readonly level: number;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly sha256: string;
  };
}

export const reportFile = (name: string): string => join(dataDir ?? '', 'reports', name);

/** By file name; empty where the data is not there. */
export function readReports(): Readonly<Record<string, Report>> {
  const path = reportFile('reports.json');
  if (dataDir === null || !existsSync(path)) return {};
  return (JSON.parse(readFileSync(path, 'utf8')) as { files: Record<string, Report> }).files;
}

/** As the rows state the pixels of their regions. */
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Opens one of the files, gives the slide to `use`, and closes it. */
export async function withReport<T>(name: string, use: (slide: Slide) => Promise<T> | T): Promise<T> {
  const slide = await openSlide(reportFile(name));
  try {
    return await use(slide);
  } finally {
    await slide.close();
  }
}
