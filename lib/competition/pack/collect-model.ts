/** The files of the bundle, and whether it is one that can be left alone in the box. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { printable } from '../../core/printable.js';
import { checkModel, loadModel, MicrotomeError, type Model } from '../../index.js';
import { boxColumns } from './box.js';
import { fileAt } from './files.js';
import type { PackedFile } from './packed-file.js';

const bundleFile = 'microtome.json';

export interface ModelFiles {
  readonly model: Model;
  readonly files: readonly PackedFile[];
  /** What the card of the bundle says of its licence. */
  readonly licence: string;
  readonly warnings: readonly string[];
}

/** Throws what {@link loadModel} and {@link checkModel} throw, and MODEL_INVALID for a bundle that does not fit the box. */
export async function collectModel(ref: string | URL, signal: AbortSignal | null): Promise<ModelFiles> {
  const model = await loadModel(ref);
  requireFit(model);
  const warnings = [...model.warnings, ...(await tried(model, signal))];
  const text = await readFile(join(model.path, bundleFile), 'utf8');
  const { files } = JSON.parse(text) as { files: Readonly<Record<string, string>> };
  const hashes = new Map([[bundleFile, model.sha256], ...Object.entries(files)]);
  if (createHash('sha256').update(text).digest('hex') !== model.sha256)
    throw refused(`${bundleFile} was written to while it was read`, 'pack again', model);
  return {
    model,
    files: [...hashes].map(([name, sha256]) => ({
      ...fileAt('model', `microtome/model/${name}`, join(model.path, name)),
      sha256,
    })),
    licence: licenceText(model),
    warnings,
  };
}

function refused(found: string, advice: string, { path }: Model): MicrotomeError {
  return new MicrotomeError('MODEL_INVALID', 'infer', printable(found), { path, advice });
}

function requireFit(model: Model): void {
  if (model.kind !== 'bundle')
    throw refused(
      'only a bundle can be packed, a folder with microtome.json: it says everything that has to be known of the model',
      'make one with createBundle, or on the command line with: microtome model init',
      model,
    );
  const [score] = model.outputs;
  if (score?.fallback == null)
    throw refused(
      'the bundle declares no fallback: nothing could be written for a slide that cannot be scored',
      'add "fallback" to the first of "outputs" in microtome.json, such as the share of relapses in your training data',
      model,
    );
  const columns = [...model.columns, ...model.outputs.flatMap(({ fallbackBy }) => fallbackBy ?? [])];
  const unknown = [...new Set(columns)].filter((column) => !boxColumns.has(column));
  if (unknown.length > 0)
    throw refused(
      `the bundle reads columns that the metadata of the challenge do not have: ${unknown.join(', ')}`,
      `the columns are ${[...boxColumns].join(', ')}`,
      model,
    );
}

/** Runs the model on noise. Says what could not be tried. */
async function tried(model: Model, signal: AbortSignal | null): Promise<readonly string[]> {
  try {
    const { encoders, failure, notTried } = await checkModel(model, signal === null ? {} : { signal });
    // Rules of a model are made for tissue: that they leave no tile of noise is no fault.
    if (failure !== null && failure.code !== 'NO_TISSUE') throw failure;
    const dependent = encoders.filter(({ dependsOnNeighbours }) => dependsOnNeighbours === true);
    const warnings = dependent.map(({ name }) => `the rows of ${name} depend on the other tiles of their batch`);
    return notTried === null ? warnings : [...warnings, 'the model was not run as a whole before it was packed'];
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === 'LIMIT_EXCEEDED')
      return ['the model was not run before it was packed: its tiles are too large for a trial'];
    throw error;
  }
}

function licenceText({ name, sha256, card, intendedUse }: Model): string {
  const lines = [
    `model: ${name}`,
    `sha256: ${sha256}`,
    `licence: ${card?.licence ?? ''}`,
    `intended use: ${intendedUse}`,
  ];
  return `${lines.map(printable).join('\n')}\n`;
}
