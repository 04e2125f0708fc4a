/**
 * The one error type of the public API and the table of its codes. The table is the same as
 * native/core/error_codes.def and docs/errors.md; a script compares the three.
 */

import type { Job } from './cancel.js';
import { apiNames, withOptionNames, type OptionNaming } from './option-names.js';

/** What the user can do about each error code, with options in marks (see option-names.ts). The keys are the codes. */
export const errorAdvice = {
  FILE_NOT_FOUND: 'check the path',
  FILE_UNREADABLE: 'check the permissions and the disk',
  NOT_A_SLIDE: 'pass a TIFF-based slide (.tif, .tiff, .svs)',
  UNSUPPORTED_COMPRESSION: 'convert the slide, or use a build that has the codec (see: microtome doctor)',
  UNSUPPORTED_PIXELS: 'convert the slide to 8-bit RGB, grey or palette',
  TRUNCATED: 'the file is cut short: copy or download it again',
  CORRUPT_TILE: 'the file is damaged: restore it, or pass [[onBadTile=fill]]',
  LIMIT_EXCEEDED: 'raise the limit that is named, if you trust the file',
  LEVEL_OUT_OF_RANGE: "choose one of the slide's levels",
  MPP_UNKNOWN: 'pass [[slideMpp]], or [[level]]',
  NO_TISSUE: 'pass [[mask]], or check the slide',
  MODEL_INVALID: 'check the model file or bundle',
  MODEL_MISMATCH: 'the message names two sides that contradict each other: correct the one that is wrong',
  OUTPUT_NOT_FINITE: 'check the weights of the model and the scaling of its input',
  OUTPUT_OUT_OF_RANGE: 'pass [[activation]], or [[clip]]',
  OUTPUT_SHAPE: 'export the model so that its output has one row for each tile',
  RUNTIME_MISSING: 'install the named package or pass its path',
  DEVICE_UNAVAILABLE: 'choose another [[device]] (see: microtome doctor)',
  OUT_OF_MEMORY: 'lower [[batchSize]], or raise [[memoryLimit]]',
  UNSUPPORTED_PLATFORM: 'use Linux x64 with glibc 2.28 or newer',
  INVALID_OPTION: 'correct the named option',
  CSV_INVALID: 'correct the named file',
  ROWS_MISMATCH: 'make the named files agree, or pass [[onMissing=fallback]]',
  OUTPUT_EXISTS: 'remove the output, choose another [[output]], or pass [[resume=true]]',
  OUTPUT_LOCKED: 'another run writes this output: wait for it or choose another',
  RESUME_REFUSED: 'restore what the message names, or remove the journal and start again',
  DISK_FULL: 'free some space, then pass [[resume=true]]',
  NETWORK: 'check the connection and the address',
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

/** A stored tile of a slide: level index, then column and row counted in tiles. */
export interface TileAddress {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

/** The optional facts of a {@link MicrotomeError}. */
export interface ErrorDetails {
  /** The file to blame. */
  readonly path?: string | undefined;
  /** The stored tile to blame. */
  readonly tile?: TileAddress | undefined;
  /** What caused it, as in `new Error(message, { cause })`. */
  readonly cause?: unknown;
  /** What the user can do about it, where more is known than the code's own advice. */
  readonly advice?: string | undefined;
}

/** Messages as they were made, with options in marks; beside the errors, so that nobody sees a mark by accident. */
const markedMessages = new WeakMap<MicrotomeError, string>();

/**
 * Every failure of this library. The message says what was found, what was expected and what to do; `code` and `stage`
 * are for programs and do not change between patch versions.
 *
 * @example
 * ```ts
 * try {
 *   await scoreSlide('slide.tif', { model: 'demo' });
 * } catch (error) {
 *   if (error instanceof MicrotomeError && error.code === 'NO_TISSUE') console.log('an empty slide');
 *   else throw error;
 * }
 * ```
 */
export class MicrotomeError extends Error {
  override readonly name = 'MicrotomeError';
  /** Which failure it is. */
  readonly code: ErrorCode;
  /** Where in the pipeline it happened. */
  readonly stage: Stage;
  /** What the user can do about it. The message ends with it. */
  readonly advice: string;
  /** The file to blame, when there is one. */
  declare readonly path?: string;
  /** The stored tile to blame, when there is one. */
  declare readonly tile?: TileAddress;

  /** `found` says what was found and what was expected. The message is `found`, '; ' and the advice. */
  constructor(code: ErrorCode, stage: Stage, found: string, details: ErrorDetails = {}) {
    const advice = details.advice ?? errorAdvice[code];
    const marked = `${found}; ${advice}`;
    super(apiNames(marked), 'cause' in details ? { cause: details.cause } : undefined);
    markedMessages.set(this, marked);
    this.code = code;
    this.stage = stage;
    this.advice = apiNames(advice);
    if (details.path !== undefined) this.path = details.path;
    if (details.tile !== undefined) this.tile = Object.freeze({ ...details.tile });
  }
}

/**
 * The message of an error with every option called as `naming` says: for a program that shows options under other names,
 * such as flags.
 *
 * @example
 * ```ts
 * const text = messageWith(error, (option) => `--${option}`);
 * ```
 */
export function messageWith(error: MicrotomeError, naming: OptionNaming): string {
  return withOptionNames(markedMessages.get(error) ?? error.message, naming);
}

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

function isStage(value: unknown): value is Stage {
  return (stages as readonly unknown[]).includes(value);
}

function tileOf(value: unknown): TileAddress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { level, column, row } = value as Record<string, unknown>;
  if (typeof level !== 'number' || typeof column !== 'number' || typeof row !== 'number') return undefined;
  return { level, column, row };
}

/**
 * An error of the addon as a {@link MicrotomeError}. Anything that is not one of the addon's errors becomes INTERNAL
 * with the original as `cause`; a MicrotomeError is passed through.
 */
export function fromNative(error: unknown, path?: string): MicrotomeError {
  if (error instanceof MicrotomeError) return error;
  const fields: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {};
  const message = error instanceof Error ? error.message : String(error);
  const where = typeof fields['path'] === 'string' && fields['path'] !== '' ? fields['path'] : path;
  if (isErrorCode(fields['code']) && isStage(fields['stage'])) {
    return new MicrotomeError(fields['code'], fields['stage'], message, {
      path: where,
      tile: tileOf(fields['tile']),
      cause: error,
      advice: typeof fields['advice'] === 'string' ? fields['advice'] : undefined,
    });
  }
  return new MicrotomeError('INTERNAL', 'options', message, { path: where, cause: error });
}

/** Calls the addon and awaits it; what it throws or rejects with becomes a {@link MicrotomeError}. */
export async function native<T>(call: () => Promise<T>, path?: string): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromNative(error, path);
  }
}

/** The same for something of the addon's that runs and can be told to stop. */
export function nativeJob<T>(start: () => Job<T>, path?: string): Job<T> {
  let job: Job<T>;
  try {
    job = start();
  } catch (error) {
    throw fromNative(error, path);
  }
  return { result: native(() => job.result, path), cancel: () => job.cancel() };
}

/** The system's error for a file, as a {@link MicrotomeError}: FILE_NOT_FOUND or FILE_UNREADABLE. */
export function fromFileSystem(error: unknown, stage: Stage, path: string, what: string): MicrotomeError {
  if (error instanceof MicrotomeError) return error;
  const systemCode = (error as NodeJS.ErrnoException | null)?.code ?? 'unknown error';
  const missing = systemCode === 'ENOENT' || systemCode === 'ENOTDIR';
  const found = missing ? `${what} ${path} does not exist` : `${what} ${path} cannot be read (${systemCode})`;
  return new MicrotomeError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', stage, found, { path, cause: error });
}
