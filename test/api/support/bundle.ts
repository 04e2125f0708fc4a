/** Writes model bundles into temporary folders, whole or with one thing wrong. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { MicrotomeError } from '../../../lib/core/errors.js';
import type { ErrorCode } from '../../../lib/core/errors.js';
import { meanColourModel } from '../../support/models/small-graphs.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'microtome-test-'));
  folders.push(folder);
  return folder;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export type Json = Record<string, unknown>;

/** A valid bundle for a graph that takes [batch, 3, 224, 224] and gives one logit. */
export function bundleJson(files: Record<string, string>): Json {
  return {
    formatVersion: 1,
    name: 'test-model',
    inputs: { tiles: [{ name: 'tiles', size: 224, mpp: 0.5, mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] }] },
    encoders: [
      {
        name: 'classifier',
        graph: 'model.onnx',
        input: { from: 'tiles', tensor: 'tiles' },
        outputs: [{ name: 'probability', tensor: 'logit', columns: 1, activation: 'sigmoid' }],
      },
    ],
    select: [
      { rule: 'tissueFraction', min: 0.4 },
      { rule: 'cap', count: 100, seed: 7 },
    ],
    heads: [{ name: 'top', method: 'topK', k: 5, of: { encoder: 'classifier', output: 'probability' } }],
    outputs: [{ name: 'relapse', of: 'top', clip: [0.01, 0.99], fallback: 0.16 }],
    files,
    card: { licence: 'Apache-2.0', intendedUse: 'Tests; not for clinical use.' },
  };
}

export interface BundleOptions {
  readonly edit?: (json: Json) => void;
  readonly text?: string;
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

export const graphBytes: Buffer = meanColourModel();

/** Writes microtome.json and its files, and gives the folder. */
export function writeBundle({ edit, text, files = { 'model.onnx': graphBytes } }: BundleOptions = {}): string {
  const folder = temporaryFolder();
  for (const [file, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), bytes);
  }
  const json = bundleJson(Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, sha256(bytes)])));
  edit?.(json);
  writeFileSync(join(folder, 'microtome.json'), text ?? JSON.stringify(json, null, 2));
  return folder;
}

/** The MicrotomeError that `call` ends with; fails when it succeeds or fails otherwise. */
export async function failure(call: () => unknown, code: ErrorCode): Promise<MicrotomeError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(MicrotomeError);
    const found = error as MicrotomeError;
    expect(`${found.code}: ${found.message}`).toContain(code);
    expect(found.code).toBe(code);
    return found;
  }
  throw new Error(`expected ${code}, but it succeeded`);
}
