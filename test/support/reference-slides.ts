/** The slides that the reference bundles are compared on, with their masks and the rows of their metadata. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSlide } from '../../lib/index.js';
import { writeSlide } from './slides.js';

export interface ReferenceSlide {
  readonly name: string;
  readonly path: string;
  /** Of the mask, as train/reference/score.py reads it. */
  readonly maskFile: string;
  /** Of the row of the metadata, as score.py reads it. */
  readonly rowFile: string;
  readonly row: Readonly<Record<string, string>>;
}

/** Resolutions: of a level as it is, of one that is reduced by little, nearly that of a level, one that no head knows, and one of a slide with little tissue. */
const rows = [
  { age: '[32:34[', sex: '1', body_site: 'trunc', melanoma_history: 'YES', resolution: '0.25' },
  { age: '[58:60[', sex: '2', body_site: '', melanoma_history: '', resolution: '0.230213' },
  { age: '[98:100[', sex: '2', body_site: 'lower limb/hip', melanoma_history: 'NO', resolution: '0.251' },
  { age: '[70:72[', sex: '1', body_site: 'Scalp', melanoma_history: '', resolution: '0.27' },
  { age: '[44:46[', sex: '2', body_site: 'toe', melanoma_history: 'NO', resolution: '0.220512' },
] as const;

const scenes = [
  { width: 3072, height: 2560, seed: 21, tissueShare: 0.5 },
  { width: 2500, height: 3000, seed: 22, tissueShare: 0.3, relapse: true },
  { width: 3072, height: 3072, seed: 23, tissueShare: 0.4, pens: ['blue'] },
  { width: 2816, height: 2304, seed: 24, tissueShare: 0.15, relapse: true },
  { width: 1792, height: 1536, seed: 25, tissueShare: 0.02 },
] as const;

async function writeMask(folder: string, name: string, path: string): Promise<string> {
  const slide = await openSlide(path);
  try {
    const { data, width, height, level0PerPxX, level0PerPxY } = await slide.tissue();
    const maskFile = join(folder, `${name}.mask.json`);
    writeFileSync(join(folder, `${name}.mask`), data);
    writeFileSync(maskFile, JSON.stringify({ width, height, level0PerPxX, level0PerPxY, file: `${name}.mask` }));
    return maskFile;
  } finally {
    await slide.close();
  }
}

/** Draws the slides into `folder`/slides, and writes `folder`/metadata.csv. */
export async function writeReferenceSlides(folder: string): Promise<readonly ReferenceSlide[]> {
  const made: ReferenceSlide[] = [];
  for (const [index, scene] of scenes.entries()) {
    const name = `slide-${index}.tif`;
    const path = join(folder, 'slides', name);
    await writeSlide(path, scene);
    const row = { filename: name, ...rows[index] } as Record<string, string>;
    const rowFile = join(folder, `${name}.row.json`);
    writeFileSync(rowFile, JSON.stringify(row));
    made.push({ name, path, row, rowFile, maskFile: await writeMask(folder, name, path) });
  }
  const columns = Object.keys(made[0]?.row ?? {});
  const lines = made.map(({ row }) => columns.map((column) => row[column]).join(','));
  writeFileSync(join(folder, 'metadata.csv'), `${[columns.join(','), ...lines].join('\n')}\n`);
  return made;
}
