/**
 * The codes of errors, what the user can do about each, and the stages. The table is the same as native/core/error_codes.def and
 * docs/errors.md; a script compares the three.
 */
import { apiNames } from './option-names.js';

/** What the user can do about each error code, with options in marks (see option-names.ts). The keys are the codes. */
export const errorAdvice = {
  FILE_NOT_FOUND: 'check the path',
  FILE_UNREADABLE: 'check the permissions and the disk',
  NOT_A_SLIDE: 'pass a slide in a format that is read (docs/formats.md)',
  IMAGES_INVALID: 'pass an HDF5 file that has one dataset of JPEG bytes for each image',
  DRIVER_MISSING:
    'install OpenSlide 4 (pip install openslide-bin, or the package libopenslide1 of the system), or pass [[openslidePath]]',
  SLIDE_INCOMPLETE: 'copy all files of the slide again, and keep them together',
  SLIDE_CHANGED: 'wait until the slide is written, then start again',
  UNSUPPORTED_COMPRESSION: 'convert the slide, or use a build that has the codec (see: microtome doctor)',
  UNSUPPORTED_PIXELS: 'convert the slide to 8-bit RGB, grey or palette',
  TRUNCATED: 'the file is cut short: copy or download it again',
  CORRUPT_TILE: 'the file is damaged: restore it, or pass [[onBadTile=fill]]',
  LIMIT_EXCEEDED: 'raise the limit that is named, if you trust the file',
  LEVEL_OUT_OF_RANGE: "choose one of the slide's levels",
  MPP_UNKNOWN: "pass [[slideMpp]], the slide's own resolution, or [[level]] ([[mpp]] is what the model works at)",
  NO_TISSUE: 'pass [[mask]], in pixels of level 0, or check the slide',
  MODEL_INVALID: 'check the model file or bundle',
  MODEL_MISMATCH: 'the message names two sides that contradict each other: correct the one that is wrong',
  OUTPUT_NOT_FINITE: 'check the weights of the model and the scaling of its input',
  OUTPUT_OUT_OF_RANGE: 'pass [[activation]], or [[clip]]',
  OUTPUT_SHAPE: 'export the model so that its output has one row for each tile',
  CLINICAL_MISSING: 'give the value, or leave the slide out',
  CLINICAL_INVALID: 'correct the value in the metadata',
  CLINICAL_UNKNOWN: 'correct the value in the metadata, or use a model that knows it',
  RUNTIME_MISSING: 'install the named package or pass its path',
  DEVICE_UNAVAILABLE: 'choose another [[device]] (see: microtome doctor)',
  DEVICE_LOST: 'start the run again with [[resume=true]], without that device if it happens again',
  OUT_OF_MEMORY: 'lower [[batchSize]], or raise [[memoryLimit]]',
  UNSUPPORTED_PLATFORM: 'use Linux x64 with glibc 2.28 or newer',
  INVALID_OPTION: 'correct the named option',
  CSV_INVALID: 'correct the named file',
  ROWS_MISMATCH: 'make the named files agree, or pass [[onMissing=fallback]]',
  OUTPUT_EXISTS: 'choose another [[output]], or pass [[overwrite=true]] to replace it',
  OUTPUT_LOCKED: 'another run writes this output: wait for it or choose another',
  RESUME_REFUSED: 'restore what the message names, or pass [[overwrite=true]] to start again',
  SHARD_CONFLICT: 'give all shards of a run the same files, model and options',
  SHARD_MISSING: 'run the shards that are named, then merge again',
  DISK_FULL: 'free some space, then pass [[resume=true]]',
  NETWORK: 'check the connection and the address',
  PIPELINE_INVALID: 'correct what the message names',
  STEP_FAILED: 'read the log of the step, then start the run again: finished steps are not repeated',
  CLUSTER_REFUSED: 'correct the manifest, or ask for the right that is named',
  JOB_FAILED: 'read the logs of the pods that are named',
  CANCELLED: 'the slide or the scorer was closed before the work was done',
  DEADLINE: 'allow more time, or score fewer tiles with [[tilesPerSlide]]',
  INTERNAL: 'this is a fault of microtome: please report it with this message',
} as const;

/** Every `code` that a {@link MicrotomeError} can carry. */
export type ErrorCode = keyof typeof errorAdvice;

/** The stages of the pipeline, in order. */
export const stages = [
  'options',
  'slide',
  'tissue',
  'tiles',
  'decode',
  'preprocess',
  'infer',
  'aggregate',
  'csv',
] as const;

/** The stage of the pipeline that failed. */
export type Stage = (typeof stages)[number];

/** What the user can do about each error code. The keys are the codes. */
export const adviceOfCodes: Readonly<Record<ErrorCode, string>> = Object.freeze(
  Object.fromEntries(Object.entries(errorAdvice).map(([code, advice]) => [code, apiNames(advice)])) as Record<
    ErrorCode,
    string
  >,
);

/** True for the codes of the table. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorAdvice, value);
}

export function isStage(value: unknown): value is Stage {
  return (stages as readonly unknown[]).includes(value);
}
