/** The JavaScript peers' packages, resolved from bench/ (sharp) and the checkout (the same onnxruntime-node as ours). */
import { createRequire } from 'node:module';
import { join } from 'node:path';
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

export type Ort = typeof import('onnxruntime-node');
export type OrtSession = import('onnxruntime-node').InferenceSession;

const require = createRequire(join(benchDir, 'package.json'));

function load(name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    throw new Error(`${name}: ${String(error).split('\n')[0]}`);
  }
}

export const loadSharp = (): Sharp => load('sharp') as Sharp;
export const loadOrt = (): Ort => load('onnxruntime-node') as Ort;
