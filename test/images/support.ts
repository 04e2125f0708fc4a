/** Images that need no decoder, and a scorer that needs no model: shared by the tests of this folder. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MicrotomeError, type ErrorCode } from '../../lib/core/errors.js';
import type { ImageBatch, ImageNote, ImageRows } from '../../lib/scoring/image-scorer.js';
import type { ImageRun, ImageOptions, ImageSummary, ImageOutcomes } from '../../lib/index.js';
import type { Model } from '../../lib/model/model.js';
import { startImageRun, type ImageRunDependencies, type RunImageScorer } from '../../lib/runs/images/image-run.js';
import type { ImageInputs } from '../../lib/runs/images/found-images.js';
import { fakeModel, scoreOfName, temporaryFolder, type FakeScorerSettings } from '../runs/support.js';
import { hdf5File } from './hdf5-writer.js';

export interface FakeImageSettings extends FakeScorerSettings {
  /** Not there: one that is made up. */
  readonly model?: Model;
  /** By the content of the image. */
  readonly failingImages?: Readonly<Record<string, ErrorCode>>;
  readonly notes?: Readonly<Record<string, string>>;
  readonly value?: (content: string) => number;
  /** Of further outputs, by name. */
  readonly further?: Readonly<Record<string, (content: string) => number>>;
  /** Called before a batch is scored; what it throws, the batch fails with. */
  readonly before?: (batch: ImageBatch, signal: AbortSignal | undefined) => Promise<void> | void;
}

export interface FakeImageScorer extends RunImageScorer {
  readonly batches: ImageBatch[];
  /** Contents of the images, in the order in which they were scored. */
  readonly scored: string[];
  closed: boolean;
  inFlight: number;
  maxInFlight: number;
}

/** Reads the bytes of the images, and makes a score of them: wrong places or paths give other scores. */
async function contentsOf(batch: ImageBatch): Promise<(string | null)[]> {
  if (batch.kind === 'files') return Promise.all(batch.paths.map((path) => readFile(path, 'latin1').catch(() => null)));
  if (batch.kind === 'bytes') return batch.images.map((image) => Buffer.from(image).toString('latin1'));
  const file = await readFile(batch.path);
  return Array.from(batch.offsets, (offset, i) => file.toString('latin1', offset, offset + (batch.bytes[i] ?? 0)));
}

export function imageModel(settings: FakeImageSettings = {}): Model {
  if (settings.model !== undefined) return settings.model;
  const model = fakeModel(settings);
  const further = Object.keys(settings.further ?? {}).map((name) => ({
    name,
    clip: null,
    clipDeclared: false,
    fallback: null,
    fallbackBy: null,
  }));
  const [first] = model.outputs;
  return { ...model, outputs: [{ ...first, name: 'malignant' }, ...further] } as Model;
}

export function fakeImageScorer(settings: FakeImageSettings = {}): FakeImageScorer {
  const model = imageModel(settings);
  const scorer: FakeImageScorer = {
    model,
    batches: [],
    scored: [],
    closed: false,
    inFlight: 0,
    maxInFlight: 0,
    async score(batch, { signal } = {}): Promise<ImageRows> {
      scorer.batches.push(batch);
      scorer.maxInFlight = Math.max(scorer.maxInFlight, ++scorer.inFlight);
      try {
        await settings.before?.(batch, signal);
        signal?.throwIfAborted();
        return rowsOf(await contentsOf(batch), settings, scorer.scored, model);
      } finally {
        --scorer.inFlight;
      }
    },
    async close() {
      scorer.closed = true;
    },
  };
  return scorer;
}

function rowsOf(contents: (string | null)[], settings: FakeImageSettings, scored: string[], model: Model): ImageRows {
  const value = settings.value ?? scoreOfName;
  const failures: { index: number; error: MicrotomeError }[] = [];
  const notes: ImageNote[] = [];
  const clipped: number[] = [];
  const values = contents.map((content, index) => {
    const code = content === null ? 'FILE_NOT_FOUND' : settings.failingImages?.[content];
    if (code !== undefined || content === null) {
      failures.push({ index, error: new MicrotomeError(code ?? 'INTERNAL', 'decode', `made to fail: ${content}`) });
      return Number.NaN;
    }
    scored.push(content);
    const note = settings.notes?.[content];
    if (note !== undefined) notes.push({ index, note });
    const score = value(content);
    const range = settings.clip ?? null;
    if (range !== null && (score < range[0] || score > range[1])) clipped.push(index);
    return range === null ? score : Math.min(Math.max(score, range[0]), range[1]);
  });
  const outputs = new Map([[model.outputs[0]?.name ?? '', Float64Array.from(values)]]);
  for (const [name, of] of Object.entries(settings.further ?? {}))
    outputs.set(
      name,
      Float64Array.from(contents, (content, i) => (Number.isNaN(values[i]) ? Number.NaN : of(content ?? ''))),
    );
  return { outputs, failures, notes, clipped };
}

export interface StartedRun {
  readonly run: ImageRun;
  readonly scorers: FakeImageScorer[];
}

export function startFake(
  images: ImageInputs,
  options: Partial<ImageOptions>,
  settings: FakeImageSettings = {},
  dependencies: Partial<ImageRunDependencies> = {},
): StartedRun {
  const scorers: FakeImageScorer[] = [];
  const createScorer = async (): Promise<RunImageScorer> => {
    const scorer = fakeImageScorer(settings);
    scorers.push(scorer);
    return scorer;
  };
  const run = startImageRun(
    images,
    { model: 'fake', ...options },
    { createScorer, versions: async () => ({}), ...dependencies },
  );
  return { run, scorers };
}

export interface EndedRun {
  readonly summary: ImageSummary;
  readonly outcomes: readonly ImageOutcomes[];
  readonly scorers: readonly FakeImageScorer[];
}

/** To the end, by its loop. */
export async function ended(
  images: ImageInputs,
  options: Partial<ImageOptions>,
  settings: FakeImageSettings = {},
  dependencies: Partial<ImageRunDependencies> = {},
): Promise<EndedRun> {
  const { run, scorers } = startFake(images, options, settings, dependencies);
  const outcomes: ImageOutcomes[] = [];
  for await (const some of run) outcomes.push(some);
  return { summary: await run.done, outcomes, scorers };
}

export const isicName = (i: number): string => `ISIC_${String(i).padStart(7, '0')}`;

/** An HDF5 file with an image for each name; its bytes are `image of NAME`. */
export async function storedImages(names: readonly string[], path?: string): Promise<string> {
  const at = path ?? join(await temporaryFolder(), 'test-image.hdf5');
  await mkdir(dirname(at), { recursive: true });
  const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  await writeFile(at, hdf5File(sorted.map((name) => ({ name, content: Buffer.from(contentOf(name)) }))));
  return at;
}

export const contentOf = (name: string): string => `image of ${name}`;

/** As the table has it. */
export const cellOf = (name: string): string => scoreOfName(contentOf(name)).toFixed(9);

/** Files beside each other, by name. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = join(await temporaryFolder(), 'images');
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}
