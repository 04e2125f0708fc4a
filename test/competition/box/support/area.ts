/** A data folder as the runtime of the challenge mounts it: slides of all kinds, and the two tables. */
import { chmod, link, mkdir, readFile, truncate, writeFile, copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSharedTileSlide, writeSlide, type SlideOptions } from '../../../support/slides.js';
import { formatText, metadataText, type Generation, type Patient } from './tables.js';

export interface TestSlide extends Patient {
  /** The slide is there and can be scored; else its row gets the fallback value. */
  readonly scored: boolean;
  /** Whether it was drawn with signs of relapse. */
  readonly relapse: boolean;
  /** Writes the slide; null: the slide is missing. */
  readonly write: ((path: string) => Promise<unknown>) | null;
}

const drawn =
  (options: SlideOptions) =>
  (path: string): Promise<unknown> =>
    writeSlide(path, options);

const usual: SlideOptions = { width: 2304, height: 2048, seed: 31, tissueShare: 0.35 };

async function cutSlide(path: string): Promise<void> {
  await writeSlide(path, { ...usual, seed: 32 });
  await truncate(path, Math.floor((await stat(path)).size * 0.6));
}

type Values = Omit<Patient, 'filename'>;
const patient = (
  age: string,
  sex: string,
  body_site: string,
  melanoma_history: string,
  resolution: string,
): Values => ({
  age,
  sex,
  body_site,
  melanoma_history,
  resolution,
});

/** One slide of each kind that the challenge has, in an order that is not that of their names. */
export const allKinds: readonly TestSlide[] = [
  {
    filename: 'qpbyhjj8.tif',
    ...patient('[32:34[', '1', 'trunc', 'YES', '0.25'),
    scored: true,
    relapse: true,
    write: drawn({ ...usual, relapse: true }),
  },
  {
    filename: 'cut0cut0.tif',
    ...patient('[58:60[', '2', 'thigh', '', '0.25'),
    scored: false,
    relapse: false,
    write: cutSlide,
  },
  {
    filename: 'pens0001.tif',
    ...patient('[70:72[', '2', 'scalp', 'NO', '0.230213'),
    scored: true,
    relapse: false,
    write: drawn({
      width: 2048,
      height: 2560,
      seed: 33,
      tissueShare: 0.3,
      pens: ['blue', 'black'],
      borders: ['left', 'top'],
    }),
  },
  {
    // 0.07 % tissue, the least that a slide of the challenge has.
    filename: 'empty007.tif',
    ...patient('[44:46[', '1', '', '', '0.220512'),
    scored: false,
    relapse: false,
    write: drawn({ width: 8192, height: 8192, seed: 34, tissueShare: 0.0007 }),
  },
  {
    filename: 'a slide.tif',
    ...patient('[98:100[', '2', 'lower limb/hip', 'NO', '0.251'),
    scored: true,
    relapse: true,
    write: drawn({ ...usual, width: 1792, seed: 35, relapse: true }),
  },
  {
    filename: 'gone0000.tif',
    ...patient('[16:18[', '1', 'arm', '', '0.25'),
    scored: false,
    relapse: true,
    write: null,
  },
  {
    // A side of more than 262,144 pixels is halved eleven times until it fits into a stored tile: twelve pages.
    filename: 'pages012.tif',
    ...patient('[62:64[', '1', 'trunk', 'NO', '0.264384'),
    scored: true,
    relapse: false,
    write: (path) => makeSharedTileSlide(path, { width: 263_168, height: 16_384, seed: 36, tissueShare: 0.003 }),
  },
  {
    filename: '0aaaaaaa.tif',
    ...patient('[50:52[', '2', 'leg', 'YES', '0.242797'),
    scored: true,
    relapse: false,
    write: drawn({ ...usual, seed: 37, tissueShare: 0.5 }),
  },
  {
    filename: 'notaslide.tif',
    ...patient('[80:82[', '1', 'face', 'NO', '0.121399'),
    scored: false,
    relapse: false,
    write: (path) => writeFile(path, 'this is no slide\n'),
  },
];

/** Draws the first slide of each seed, and copies it for the others: drawing takes longer than scoring. */
function copying(options: (seed: number) => SlideOptions): (seed: number) => TestSlide['write'] {
  const drawnAt = new Map<number, string>();
  return (seed) => async (path) => {
    const first = drawnAt.get(seed);
    if (first === undefined) await writeSlide(path, options(seed));
    else await copyFile(first, path);
    drawnAt.set(seed, first ?? path);
  };
}

/** Usual slides that take little time; `firstSeed` makes them others. Only every fourth has tissue of its own. */
export function smallSlides(count: number, firstSeed: number): readonly TestSlide[] {
  const write = copying((seed) => ({ width: 1280, height: 1280, seed, tissueShare: 0.4 }));
  const sites = ['trunk', 'arm', 'leg', 'face'] as const;
  return Array.from({ length: count }, (_, i) => ({
    filename: `${String((i * 7) % 100).padStart(2, '0')}small${firstSeed}.tif`,
    ...patient(`[${20 + (i % 30) * 2}:${22 + (i % 30) * 2}[`, String(1 + (i % 2)), sites[i % 4] as string, '', '0.25'),
    scored: true,
    relapse: i % 3 === 0,
    write: write(firstSeed + (i % 4)),
  }));
}

export interface Area {
  readonly folder: string;
  readonly slides: readonly TestSlide[];
  /** In the order of the rows. */
  readonly names: readonly string[];
  readonly format: string;
  readonly metadata: string;
}

/** Writes a data folder. */
export async function makeArea(folder: string, slides: readonly TestSlide[], generation: Generation): Promise<Area> {
  await mkdir(folder, { recursive: true });
  for (const { filename, write } of slides) await write?.(join(folder, filename));
  const names = slides.map(({ filename }) => filename);
  const area = {
    folder,
    slides,
    names,
    format: join(folder, 'submission_format.csv'),
    metadata: join(folder, 'test_metadata.csv'),
  };
  await writeFile(area.format, formatText(names));
  await writeFile(area.metadata, metadataText(slides, generation));
  return area;
}

/** The same slides beside other tables. */
export async function withTables(
  area: Area,
  folder: string,
  tables: { format?: string; metadata?: string },
): Promise<Area> {
  await mkdir(folder, { recursive: true });
  // The user of the box is another one.
  await chmod(folder, 0o755);
  for (const { filename, write } of area.slides) {
    if (write !== null) await link(join(area.folder, filename), join(folder, filename));
  }
  const other = {
    ...area,
    folder,
    format: join(folder, 'submission_format.csv'),
    metadata: join(folder, 'test_metadata.csv'),
  };
  await writeFile(other.format, tables.format ?? (await readFile(area.format)));
  if (tables.metadata === undefined) await copyFile(area.metadata, other.metadata);
  else await writeFile(other.metadata, tables.metadata);
  return other;
}
