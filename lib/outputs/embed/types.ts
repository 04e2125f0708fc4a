/** The types of embedding: features of the tiles of a slide, written to files. */
import type { ErrorCode, MicrotomeError } from '../../core/errors.js';
import type { FeatureOptions, ScorerOptions, SlideFileOptions } from '../../options/types.js';
import type { DirectoryOptions, DirectoryProgress, NotRead } from '../../runs/types.js';
import type { ModelIdentity, ReadPolicy, ResultDevice, Timings } from '../../scoring/result.js';

export type { FeatureOptions, FeaturePool, FeatureType } from '../../options/types.js';
export type { DirectoryProgress };

/** What a slide score is made with; an embedding has none of it. */
export type ScoreOnlyOption =
  | 'allOutputs'
  | 'attention'
  | 'clip'
  | 'column'
  | 'deadline'
  | 'deadlineMinTiles'
  | 'fallback'
  | 'format'
  | 'head'
  | 'heatmap'
  | 'heatmapDownsample'
  | 'idColumn'
  | 'metadata'
  | 'onMissing'
  | 'outputFolder'
  | 'preset'
  | 'runRecord'
  | 'statusColumn'
  | 'stopping'
  | 'tiles'
  | 'valueColumn';

/** How {@link embedSlide} works: what a scorer takes, but for what makes a score, and the file. */
export interface EmbedOptions
  extends Omit<ScorerOptions, ScoreOnlyOption | 'tileBudget' | 'clinical'>,
    Pick<SlideFileOptions, 'tilesCsv' | 'geojson' | 'maskPng'>,
    FeatureOptions {
  /** The HDF5 file to write. */
  readonly output: string | URL;
  /** Replace files that are there. @defaultValue false */
  readonly overwrite?: boolean;
}

/** How {@link embedDirectory} works. */
export interface EmbedDirectoryOptions
  extends Omit<DirectoryOptions, ScoreOnlyOption | 'onError' | 'output'>,
    FeatureOptions {
  /** The folder that the files are written to. It is made where it is not there. */
  readonly output: string | URL;
  /**
   * What a run does in the end if slides have failed: `skip`: it fulfils; `error`: it rejects with the first of their errors. The
   * other slides are embedded in both cases. @defaultValue 'skip'
   */
  readonly onError?: 'error' | 'skip';
}

/** The features of one slide, which are in a file. */
export interface EmbedResult {
  /** The slide. */
  readonly path: string;
  /** The file of features. */
  readonly output: string;
  /** Rows of the file. */
  readonly tiles: number;
  /** Features of a tile; of each token, where all tokens are written. */
  readonly columns: number;
  /** Tokens of a tile that are written: 1 but for `pool: 'none'` of a list of tokens. */
  readonly tokens: number;
  /** By its name in the model. */
  readonly modelOutput: string;
  readonly read: ReadPolicy;
  /** Stored tiles that were taken as white. */
  readonly badTiles: number;
  /** How many of them the file leaves out. */
  readonly missingTiles: number;
  readonly tissueFraction: number | null;
  readonly timings: Timings;
  readonly warnings: readonly string[];
  readonly model: ModelIdentity;
  readonly device: ResultDevice;
  readonly reproducible: boolean;
}

/** A slide of a run: where its features are, or why there are none. */
export type EmbedOutcome =
  | { readonly ok: true; readonly result: EmbedResult }
  | { readonly ok: false; readonly path: string; readonly error: MicrotomeError };

/** One slide of a finished run. `resumed`: its file was there already, and is as this run would write it. */
export interface EmbeddedSlide {
  readonly name: string;
  readonly output: string;
  readonly status: 'embedded' | 'resumed' | 'failed';
  readonly error: ErrorCode | null;
}

/** What a run over many slides wrote. */
export interface EmbedSummary {
  readonly output: string;
  readonly slides: readonly EmbeddedSlide[];
  readonly counts: Readonly<Record<EmbeddedSlide['status'], number>>;
  readonly notRead: readonly NotRead[];
  /** Of the slides that were embedded now. */
  readonly tiles: number;
  readonly elapsedMs: number;
  readonly model: ModelIdentity;
}

/**
 * A run over many slides. It starts when it is first iterated, or when `done` is read. Iterating yields one outcome for each
 * slide that was not there yet, in the order of their names. Leaving the loop early cancels the run.
 */
export interface EmbedRun extends AsyncIterable<EmbedOutcome> {
  /** Settles when the last file is written, or the run has failed or was cancelled. */
  readonly done: Promise<EmbedSummary>;
}
