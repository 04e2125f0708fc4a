/** The one error type of the public API: how it is made, shown, copied and made again. */

import type { Job } from './cancel.js';
import { errorAdvice, isErrorCode, isStage, type ErrorCode, type Stage } from './error-codes.js';
import { signedFields, signedStack } from './error-copies.js';
import { apiNames, withOptionNames, type OptionNaming } from './option-names.js';
import { printable } from './printable.js';

export { adviceOfCodes, errorAdvice, isErrorCode, stages, type ErrorCode, type Stage } from './error-codes.js';

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
  /** Where something was looked for, in a few lines; the message ends with them, after the advice. */
  readonly tried?: readonly string[] | undefined;
}

/** A cause as JSON has it: what an error says of itself, or the value in words. */
export interface CauseJson {
  readonly name: string;
  readonly message: string;
  /** The code of a system error, such as ENOENT. */
  readonly code?: string;
  readonly cause?: CauseJson;
}

/** A {@link MicrotomeError} as JSON has it; {@link MicrotomeError.from} makes an error of it again. */
export interface ErrorJson {
  readonly name: 'MicrotomeError';
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly message: string;
  readonly advice: string;
  readonly path?: string;
  readonly tile?: TileAddress;
  readonly cause?: ErrorJson | CauseJson;
}

/** The parts of a message as they were made, with options in marks. */
interface MarkedParts {
  readonly found: string;
  /** ` (path)`, or nothing where `found` names the path. */
  readonly place: string;
  readonly advice: string;
  /** Lines of their own. */
  readonly tried: string;
}

/** Beside the errors, so that nobody sees a mark by accident. */
const markedParts = new WeakMap<MicrotomeError, MarkedParts>();

/** A path comes from outside: a line break in it must not look like a line of ours. */
function placeText(found: string, path: string | undefined): string {
  if (path === undefined || path === '' || found.includes(path)) return '';
  const shown = printable(path);
  return found.includes(shown) ? '' : ` (${shown})`;
}

/**
 * Every failure of this library. The message says what was found and expected, in which file, and what to do; `code` and
 * `stage` are for programs and do not change between patch versions.
 *
 * `JSON.stringify` writes all of it. `postMessage` and `structuredClone` turn every error into a plain `Error` with a
 * message and a stack; {@link MicrotomeError.from} makes a MicrotomeError of that again.
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
  /** What the user can do about it; the message has it after what was found. */
  readonly advice: string;
  /** The file to blame, when there is one. */
  declare readonly path?: string;
  /** The stored tile to blame, when there is one. */
  declare readonly tile?: TileAddress;

  /**
   * `found` says what was found and what was expected. The message is `found`, the path in parentheses where `found` does
   * not name it, '; ', the advice, and what was tried.
   */
  constructor(code: ErrorCode, stage: Stage, found: string, details: ErrorDetails = {}) {
    const { path, tile, advice = errorAdvice[code], tried = [] } = details;
    const lines = tried.map((line) => `\n  looked in: ${line}`).join('');
    const parts: MarkedParts = { found, place: placeText(found, path), advice, tried: lines };
    super(textOf(parts, apiNames), 'cause' in details ? { cause: details.cause } : undefined);
    markedParts.set(this, parts);
    this.code = code;
    this.stage = stage;
    this.advice = apiNames(advice);
    if (path !== undefined) this.path = path;
    if (tile !== undefined) this.tile = Object.freeze({ ...tile });
    const stack = signedStack(this);
    if (stack !== null) this.stack = stack;
  }

  /**
   * The error that `value` is or once was: a MicrotomeError, what {@link MicrotomeError.toJSON} made of one, or the copy of
   * one that another thread or process sent (`postMessage`, `structuredClone`, the 'error' event of a worker). Null for
   * everything else.
   *
   * @example
   * ```ts
   * worker.on('message', ({ error }) => {
   *   const failure = MicrotomeError.from(error);
   *   if (failure?.code === 'NO_TISSUE') console.log('an empty slide:', failure.path);
   * });
   * ```
   */
  static from(value: unknown): MicrotomeError | null {
    return restored(value, 0);
  }

  /** Everything but the stack, as plain data. */
  toJSON(): ErrorJson {
    return errorJson(this, 0);
  }
}

function textOf({ found, place, advice, tried }: MarkedParts, named: (marked: string) => string): string {
  return `${named(found)}${place}; ${named(advice)}${named(tried)}`;
}

/** An error may be its own cause. */
const mostCauses = 8;

function errorJson(error: MicrotomeError, depth: number): ErrorJson {
  const { name, code, stage, message, advice, path, tile, cause } = error;
  return {
    name,
    code,
    stage,
    message,
    advice,
    ...(path === undefined ? {} : { path }),
    ...(tile === undefined ? {} : { tile }),
    ...(cause === undefined || depth === mostCauses ? {} : { cause: causeJson(cause, depth + 1) }),
  };
}

function causeJson(thrown: unknown, depth: number): ErrorJson | CauseJson {
  if (thrown instanceof MicrotomeError) return errorJson(thrown, depth);
  if (!(thrown instanceof Error)) {
    const isObject = typeof thrown === 'object' && thrown !== null;
    return { name: typeof thrown, message: isObject ? Object.prototype.toString.call(thrown) : String(thrown) };
  }
  const { name, message, cause } = thrown;
  const { code } = thrown as { readonly code?: unknown };
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause === undefined || depth === mostCauses ? {} : { cause: causeJson(cause, depth + 1) }),
  };
}

interface ErrorFacts {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly found: string;
  readonly details: ErrorDetails;
  readonly stack: string | null;
}

function restored(value: unknown, depth: number): MicrotomeError | null {
  if (value instanceof MicrotomeError) return value;
  const facts = depth > mostCauses ? null : factsOf(value, depth);
  if (facts === null) return null;
  const { code, stage, found, details, stack } = facts;
  const error = new MicrotomeError(code, stage, found, details);
  // Where it happened, not where it was put together again.
  if (stack !== null) error.stack = stack;
  return error;
}

/** What a copy of one of our errors still says; null where it is none. */
function factsOf(value: unknown, depth: number): ErrorFacts | null {
  if (typeof value !== 'object' || value === null) return null;
  const { name, message, stack, cause, code, stage, path, tile, advice } = value as Record<string, unknown>;
  const own = name === 'MicrotomeError' ? { code, stage, path, tile } : signedFields(stack);
  if (own === null || typeof message !== 'string' || !isErrorCode(own['code']) || !isStage(own['stage'])) return null;
  const [lines = ''] = /(?:\n {2}looked in: [^\n]*)*$/.exec(message) ?? [];
  const text = message.slice(0, message.length - lines.length);
  const said = typeof advice === 'string' ? advice : adviceIn(text, own['code']);
  const tail = `; ${said}`;
  return {
    code: own['code'],
    stage: own['stage'],
    found: withoutPlace(text.endsWith(tail) ? text.slice(0, -tail.length) : text, own['path']),
    details: {
      path: typeof own['path'] === 'string' ? own['path'] : undefined,
      tile: tileOf(own['tile']),
      advice: said,
      tried: lines.split('\n  looked in: ').slice(1),
      ...(cause === undefined ? {} : { cause: restored(cause, depth + 1) ?? cause }),
    },
    stack: typeof stack === 'string' ? stack : null,
  };
}

/** The message gets the place again when the error is made. */
function withoutPlace(found: string, path: unknown): string {
  const place = typeof path === 'string' ? ` (${printable(path)})` : '';
  return place !== '' && found.endsWith(place) ? found.slice(0, -place.length) : found;
}

/** What was found, without the advice: for a message that has one error among others. */
export function foundBy(error: unknown): string {
  if (!(error instanceof MicrotomeError)) return error instanceof Error ? error.message : String(error);
  const parts = markedParts.get(error);
  return parts === undefined ? error.message : apiNames(parts.found);
}

/** The end of a message whose advice was not sent along. */
function adviceIn(message: string, code: ErrorCode): string {
  const usual = apiNames(errorAdvice[code]);
  const at = message.lastIndexOf('; ');
  return message.endsWith(`; ${usual}`) || at === -1 ? usual : message.slice(at + 2);
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
  const parts = markedParts.get(error);
  return parts === undefined ? error.message : textOf(parts, (marked) => withOptionNames(marked, naming));
}

/** The same without the path, for a line that has it in a place of its own. */
export function messageWithoutPath(error: MicrotomeError, naming: OptionNaming): string {
  const parts = markedParts.get(error);
  if (parts === undefined) return error.message;
  return textOf({ ...parts, place: '' }, (marked) => withOptionNames(marked, naming));
}

/** The same error with the path of the file that it is about, where it names none. Anything else is given back as it is. */
export function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof MicrotomeError) || error.path !== undefined) return error;
  const parts = markedParts.get(error);
  if (parts === undefined) return error;
  const { code, stage, cause } = error;
  const details = { path, advice: parts.advice, ...(cause === undefined ? {} : { cause }) };
  return new MicrotomeError(code, stage, parts.found, details);
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
