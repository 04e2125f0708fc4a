/**
 * What a command touches of the outside: two streams, a signal that Ctrl-C aborts, and the library. Tests run commands
 * in their own process with other ones.
 */
import type { PackOptions, PackResult } from '../competition/index.js';
import type {
  BundleOptions,
  CheckOptions,
  Device,
  DirectoryOptions,
  DirectoryRun,
  DoctorReport,
  EmbedDirectoryOptions,
  EmbedRun,
  EvaluateOptions,
  Evaluation,
  ImageOptions,
  ImageRun,
  ImageShardOptions,
  MergeOptions,
  MergeSummary,
  Model,
  ModelCheck,
  ModelOptions,
  OpenOptions,
  Scorer,
  ScorerOptions,
  ShardOptions,
  Slide,
} from '../index.js';

export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** The part of an open slide that the commands use. */
export type CliSlide = Pick<
  Slide,
  | 'width'
  | 'height'
  | 'levels'
  | 'mpp'
  | 'associated'
  | 'orientation'
  | 'fileBytes'
  | 'driver'
  | 'properties'
  | 'warnings'
  | 'readRegion'
  | 'close'
>;

export interface CliLibrary {
  scoreDirectory(slides: string | URL | readonly (string | URL)[], options: DirectoryOptions): DirectoryRun;
  scoreImages(images: readonly (string | URL)[], options: ImageOptions): ImageRun;
  scoreShard(slides: readonly (string | URL)[], options: ShardOptions): DirectoryRun;
  scoreImageShard(images: readonly (string | URL)[], options: ImageShardOptions): ImageRun;
  mergeShards(folder: string | URL, options: MergeOptions): Promise<MergeSummary>;
  embedDirectory(slides: string | URL | readonly (string | URL)[], options: EmbedDirectoryOptions): EmbedRun;
  createScorer(
    options: ScorerOptions,
  ): Promise<Pick<Scorer, 'model' | 'score' | 'close'> & Partial<Pick<Scorer, 'deviceUse'>>>;
  openSlide(path: string, options?: OpenOptions): Promise<CliSlide>;
  loadModel(ref: string, options?: ModelOptions): Promise<Model>;
  createBundle(onnx: string, folder: string, options: BundleOptions): Promise<Model>;
  checkModel(model: Model, options?: CheckOptions): Promise<ModelCheck>;
  evaluateSubmission(submission: string, options: EvaluateOptions): Promise<Evaluation>;
  doctor(options?: Pick<ScorerOptions, 'onnxRuntimePath' | 'openslidePath' | 'gpu'>): Promise<DoctorReport>;
  devices(): Promise<readonly Device[]>;
  packSubmission(options: PackOptions): Promise<PackResult>;
}

export interface CliIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborted by the first SIGINT or SIGTERM, or when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** True once the reader of stdout has gone away. */
  readonly stdoutClosed: () => boolean;
  readonly library: CliLibrary;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Set by a command that writes a file: it goes on when nobody reads stdout any more. */
  writesFile: boolean;
  /** Set by a command that finishes what it began when a signal comes, however long that takes; a second signal ends it. */
  finishesOnSignal: boolean;
}
