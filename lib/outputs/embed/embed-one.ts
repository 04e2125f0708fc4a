/** The features of one slide into one file. */
import type { SlideScoreOptions } from '../../options/types.js';
import type { EncodingScorer } from '../../scoring/scorer.js';
import type { Input } from '../../slide/byte-source.js';
import { openSlide } from '../../slide/slide.js';
import { FeaturesFile } from '../features/features-file.js';
import { firstInputText } from '../first-input.js';
import type { FeatureSettings } from './embed-options.js';
import type { FeatureOutput } from './encode.js';
import { closingOf, type Grid, type SlideFacts } from './layout.js';
import { missingPool, poolWarnings } from './pooling.js';
import type { TileFiles } from './tile-files.js';
import type { EmbedResult } from './types.js';

export interface EmbedJob {
  readonly scorer: EncodingScorer;
  readonly input: Input;
  readonly options: SlideScoreOptions;
  readonly features: FeatureSettings;
  readonly modelOutput: FeatureOutput;
  readonly grid: Grid;
  readonly output: string;
  readonly identity: string;
  /** Null: none are wanted. */
  readonly tileFiles: TileFiles | null;
  /** May still refuse before the file gets its name. */
  readonly beforeRename: () => Promise<void>;
}

/** The file has its name, and the files of the tiles have theirs; or nothing is left of it. */
export async function embedOne(job: EmbedJob): Promise<EmbedResult> {
  const { scorer, input, options, features, modelOutput, output } = job;
  const facts = await factsOf(input, options);
  const file = await FeaturesFile.create(output, features.type, options.signal ?? null);
  try {
    const encoded = await scorer.encode(input, options, modelOutput.rows, file);
    const { facts: read, tiles, columns, tokens } = encoded;
    // The graph did not say that there are tokens; its rows do.
    if (tokens > 1 && features.pool === null) throw missingPool(modelOutput.name, scorer.model.path);
    const closing = await closingOf(encoded, facts, job.grid, job.identity, options.signal ?? null);
    await file.finish(closing, async () => {
      await job.tileFiles?.write(input, tiles);
      await job.beforeRename();
    });
    const first = firstInputText(scorer.model);
    const ofFirst = first === null ? [] : [`the features are those of the tiles of ${first} alone`];
    const warnings = [
      ...read.warnings,
      ...ofFirst,
      ...poolWarnings(scorer.model, modelOutput.source, modelOutput.rows.pool),
    ];
    const own = { output, tiles: tiles.count, columns: columns / tokens, tokens, modelOutput: modelOutput.name };
    return Object.freeze({ ...read, ...own, warnings: Object.freeze(warnings) });
  } finally {
    await file.discard();
  }
}

async function factsOf(input: Input, { limits, slideMpp, storage }: SlideScoreOptions): Promise<SlideFacts> {
  const slide = await openSlide(input, {
    ...(limits === undefined ? {} : { limits }),
    ...(slideMpp === undefined ? {} : { slideMpp }),
    ...(storage === undefined ? {} : { storage }),
  });
  const { width, height, levels } = slide;
  await slide.close();
  return { width, height, levels };
}
