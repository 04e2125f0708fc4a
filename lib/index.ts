/** The public names, and nothing else. Importing this opens no library and reads no file. */

export { scoreSlide } from './score-slide.js';
export { scoreDirectory } from './submission/score-directory.js';
export type { Preset } from './submission/presets.js';
export type {
  DirectoryOptions,
  DirectoryProgress,
  DirectoryRun,
  DirectorySummary,
  OnMissing,
  RowSource,
  SummaryRow,
} from './submission/types.js';
export { planSlide } from './plan-slide.js';
export { createScorer } from './scorer.js';
export type { Scorer } from './scorer.js';
export { openSlide } from './slide.js';
export type { AssociatedImage, Region, Resolution, Slide, SlideLevel } from './slide.js';
export type { Batch, TensorBatch, TileBatch } from './tile-batch.js';
export type { TissueMask } from './tissue-mask.js';
export { loadModel } from './model/load-model.js';
export type { Model, ModelCard, ModelOutput, TensorInfo, TileInput } from './model/model.js';
export { devices } from './devices.js';
export type { Device } from './devices.js';
export { fileSource } from './source.js';
export type { ByteRange, ByteSource, Input } from './source.js';
export { MicrotomeError, errorAdvice, stages } from './errors.js';
export type { ErrorCode, ErrorDetails, Stage, TileAddress } from './errors.js';
export { defaultClip } from './result.js';
export type {
  ClipRange,
  ModelIdentity,
  ReadPolicy,
  SampleReason,
  ScoreProgress,
  SlideOutcome,
  SlidePlan,
  SlideResult,
  StageTiming,
  TileOutput,
  TileTable,
  StoppingOutcome,
  TileSample,
  Timings,
} from './result.js';
export type {
  Activation,
  BadTiles,
  GeoJsonObject,
  HeadOptions,
  KeepRule,
  MaskInput,
  ModelInputOptions,
  ModelOptions,
  OpenOptions,
  RegionOptions,
  RuntimeOptions,
  ScoreOptions,
  ScorerOptions,
  SlideLimits,
  SlideScoreOptions,
  StoppingOptions,
  TensorsOptions,
  TilesOptions,
  TissueOptions,
} from './options/types.js';
