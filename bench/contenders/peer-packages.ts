/** The JavaScript peers' packages, resolved from bench/ (sharp) and the checkout (the same onnxruntime-node as ours). */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Unavailable } from '../harness/protocol.js';
import { benchDir } from '../paths.js';

/** The part of sharp that is used. */
export interface SharpImage {
  extract(region: { left: number; top: number; width: number; height: number }): SharpImage;
  removeAlpha(): SharpImage;
  raw(): SharpImage;
  toBuffer(): Promise<Buffer>;
}

export interface Sharp {
  (path: string, options: { page: number; limitInputPixels: false }): SharpImage;
  concurrency(threads: number): number;
  cache(on: boolean): unknown;
  readonly versions: { readonly sharp?: string; readonly vips: string };
}

export interface OrtTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

export interface Ort {
  readonly env: { readonly versions: { readonly node?: string } };
  readonly InferenceSession: { create(path: string, options: { intraOpNumThreads: number }): Promise<OrtSession> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor;
}

const require = createRequire(join(benchDir, 'package.json'));

function load(name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    throw new Unavailable(`${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
  }
}

export const loadSharp = (): Sharp => load('sharp') as Sharp;
export const loadOrt = (): Ort => load('onnxruntime-node') as Ort;
