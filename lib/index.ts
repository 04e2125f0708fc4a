/** The public names, and nothing else. Importing this opens no library and reads no file. */

export { scoreSlide } from './outputs/score-slide.js';
export { scoreDirectory } from './runs/score-directory.js';
export type {
  DirectoryOptions,
  DirectoryProgress,
  DirectoryRun,
  DirectorySummary,
  NotRead,
  OnError,
  OnMissing,
  Preset,
  RescoredRow,
  ResumeReport,
  RowSource,
  SummaryRow,
} from './runs/types.js';
export { scoreImages } from './runs/images/score-images.js';
export type {
  FailedImage,
  ImageCount,
  ImageOptions,
  ImageOutcomes,
  ImageProgress,
  ImageRun,
  ImageSummary,
} from './runs/images/types.js';
export { scoreImageShard, scoreShard } from './shards/score-shard.js';
export { mergeShards } from './shards/merge.js';
export type {
  ImageShardOptions,
  MergeOptions,
  MergeSummary,
  ShardChoice,
  ShardMachine,
  ShardOptions,
} from './shards/types.js';
export { embedSlide } from './outputs/embed/embed-slide.js';
export { embedDirectory } from './outputs/embed/embed-directory.js';
export type {
  EmbedDirectoryOptions,
  EmbeddedSlide,
  EmbedOptions,
  EmbedOutcome,
  EmbedResult,
  EmbedRun,
  EmbedSummary,
  FeatureOptions,
  FeaturePool,
  FeatureType,
  ScoreOnlyOption,
} from './outputs/embed/types.js';
export { scoreOnlyOptions } from './outputs/embed/embed-options.js';
export { openImages } from './images/image-index.js';
export { writeImageIndex } from './images/write-index.js';
export type { WrittenIndex } from './images/write-index.js';
export type { ImageFile, NoImageEntry } from './images/image-index.js';
export { checkSubmission } from './metrics/check-submission.js';
export type { CheckedSubmission, CheckSubmissionOptions } from './metrics/check-submission.js';
export { evaluateSubmission } from './metrics/evaluate.js';
export type { Evaluation } from './metrics/evaluate.js';
export type { EvaluateOptions } from './metrics/evaluate-options.js';
export type { Interval, Intervals } from './metrics/bootstrap.js';
export type { CalibrationBin } from './metrics/calibration.js';
export type { MeasureName } from './metrics/measures.js';
export { evaluationPicture } from './metrics/picture.js';
export { partialAuc, rocAuc } from './metrics/roc.js';
export type { RocPoint } from './metrics/roc.js';
export { planSlide } from './scoring/plan-slide.js';
export { createScorer } from './scoring/scorer.js';
export type { Scorer } from './scoring/scorer.js';
export { createImageScorer } from './scoring/image-scorer.js';
export type {
  ClinicalVector,
  ImageBatch,
  ImageBatchOptions,
  ImageFailure,
  ImageNote,
  ImageRows,
  ImageScorer,
  ImageScorerOptions,
} from './scoring/image-scorer.js';
export type { ImageResize } from './native/images.js';
export { openSlide } from './slide/slide.js';
export type { AssociatedImage, Region, Resolution, Slide, SlideDriver, SlideLevel } from './slide/slide.js';
export type { Batch, TensorBatch, TensorData, TensorType, TileBatch } from './slide/tile-batch.js';
export type { TissueMask } from './slide/tissue-mask.js';
export { loadModel } from './model/load-model.js';
export { createBundle } from './model/create-bundle.js';
export type { BundleOptions } from './model/create-bundle.js';
export { checkModel } from './scoring/check-model.js';
export type { CheckOptions, EncoderCheck, ModelCheck } from './scoring/check-model.js';
export type {
  ClinicalInput,
  GraphFacts,
  ImageInput,
  Model,
  ModelAssumptions,
  ModelCard,
  ModelGraph,
  ModelOutput,
  PixelFormat,
  TensorInfo,
  TileInput,
} from './model/model.js';
export { devices } from './native/devices.js';
export type {
  CpuDevice,
  Device,
  DeviceChoice,
  DeviceId,
  DeviceUse,
  DevicesOptions,
  GpuDevice,
} from './native/devices.js';
export type { DeviceKind } from './native/device-request.js';
export { doctor } from './native/doctor.js';
export type { DoctorReport } from './native/doctor.js';
export type { DeviceCodeReport, GpuDoctorReport, GpuStackReport } from './native/gpu/gpu-report.js';
export type { PlaceOrigin } from './native/gpu/places.js';
export type { GpuProvider, GpuStack } from './native/gpu/stack.js';
export type { NativeGpu, NativeGpuReport } from './native/device-request.js';
export type { Platform } from './native/platform.js';
export type { OpenslideOrigin, OpenslideSearch } from './native/openslide.js';
export type { RuntimeOrigin, RuntimeSearch, Search } from './native/runtimes.js';
export type {
  NativeCodec as CodecReport,
  NativeDoctor as LibraryReports,
  NativeLibraryReport as LibraryReport,
} from './native/contract.js';
export type {
  CodecName,
  CompressionName,
  ElementType,
  PhotometricName,
  ReadPolicyName,
  ResolutionSource,
} from './native/names.js';
export { httpSource } from './storage/http/http-source.js';
export type { HttpAccess, HttpAccessProvider } from './storage/http/http-transport.js';
export { s3Source } from './storage/s3/s3-source.js';
export type {
  CacheOptions,
  HttpSourceOptions,
  RemoteSourceOptions,
  S3Credentials,
  S3SourceOptions,
  S3StoreOptions,
} from './storage/options.js';
export type { Traffic, Validator } from './storage/ranged-reader.js';
export type { RemoteSource } from './storage/remote-source.js';
export { fileSource } from './slide/byte-source.js';
export type { ByteRange, ByteSource, Input } from './slide/byte-source.js';
export { MicrotomeError, adviceOfCodes as errorAdvice, messageWith, stages } from './core/errors.js';
export type { CauseJson, ErrorCode, ErrorDetails, ErrorJson, Stage, TileAddress } from './core/errors.js';
export type { JsonOf } from './core/plain-json.js';
export type { OptionNaming } from './core/option-names.js';
export { optionTable } from './options/info.js';
export type { OptionInfo } from './options/info.js';
export { optionHeadings } from './options/row.js';
export type {
  NumericKind,
  OptionBounds,
  OptionHeading,
  OptionKind,
  PerChannelKind,
  RangeKind,
  OptionPlace,
  OptionUnit,
} from './options/row.js';
export { defaultClip, heldTo } from './scoring/result.js';
export type {
  ClipRange,
  ModelIdentity,
  AppliedColour,
  ReadPolicy,
  ResultDevice,
  SelectionStep,
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
} from './scoring/result.js';
export type {
  Activation,
  BadTilePolicy,
  GeoJsonObject,
  GpuDecode,
  GpuOptions,
  HeadMethod,
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
  SlideFileOptions,
  SlideLimits,
  SlideScoreOptions,
  StoppingOptions,
  StorageOptions,
  TensorsOptions,
  TileGrid,
  TileOptions,
  TilesOptions,
  TissueCallOptions,
  TissueMethod,
  TissueOptions,
} from './options/types.js';
