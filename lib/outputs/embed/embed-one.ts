/** The features of one slide into one file. */
import type { SlideScoreOptions } from '../../options/types.js';
import type { ReadPolicy } from '../../scoring/result.js';
import type { Scorer } from '../../scoring/scorer.js';
import type { Input } from '../../slide/byte-source.js';
import { openSlide } from '../../slide/slide.js';
import { FeaturesFile } from '../features/features-file.js';
import type { FeatureSettings } from './embed-options.js';
import { encode } from './encode.js';
import { closingOf, type Grid, type SlideFacts } from './layout.js';
import type { EmbedResult } from './types.js';

export interface EmbedJob {
  readonly scorer: Scorer;
  readonly input: Input;
  readonly options: SlideScoreOptions;
  readonly features: FeatureSettings;
  /** Of the model. */
  readonly modelOutput: string;
  readonly grid: Grid;
  readonly output: string;
  readonly identity: string;
  /** May still refuse before the file gets its name. */
  readonly beforeRename: () => Promise<void>;
}

/** The file has its name, or nothing is left of it. */
export async function embedOne(job: EmbedJob): Promise<EmbedResult> {
  const { scorer, input, options, features, modelOutput, output } = job;
  const facts = await factsOf(input, options);
  const file = await FeaturesFile.create(output, features.type, options.signal ?? null);
  try {
    const encoded = await encode(scorer, input, options, modelOutput, file);
    const closing = await closingOf(encoded, facts, job.grid, job.identity, options.signal ?? null);
    await file.finish(closing, job.beforeRename);
    const { path, badTiles, missingTiles, tissueFraction, timings, warnings, model, reproducible } = encoded.result;
    const { columns, table } = encoded;
    // Only a model that reads tiles has an output of them.
    const read = encoded.result.read as ReadPolicy;
    const shared = { path, read, badTiles, missingTiles, tissueFraction, timings, warnings, model, reproducible };
    return Object.freeze({ ...shared, output, tiles: table.count, columns, modelOutput });
  } finally {
    await file.discard();
  }
}

async function factsOf(input: Input, { limits, slideMpp }: SlideScoreOptions): Promise<SlideFacts> {
  const slide = await openSlide(input, {
    ...(limits === undefined ? {} : { limits }),
    ...(slideMpp === undefined ? {} : { slideMpp }),
  });
  const { width, height, levels } = slide;
  await slide.close();
  return { width, height, levels };
}
