/** loadModel: finds out what a reference means and reads it. */

import { stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';

import { MicrotomeError } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { text } from '../options/check.js';
import { parseModelOptions, refuseDeclared } from '../options/model-options.js';
import type { ParsedModelOptions } from '../options/model-options.js';
import type { ModelOptions } from '../options/types.js';
import { packageFile } from '../core/package-root.js';
import { bundleRoot } from './bundle-files.js';
import { bundleFileName } from './bundle-json.js';
import { missingModel } from './missing-model.js';
import type { Model } from './model.js';
import { readBareOnnx, readWsinfer } from './read-plain.js';
import { readBundle } from './read-bundle.js';
import { attachSpec, specOf } from './spec.js';
import { rememberOptions } from './told-options.js';
import { wsinferFileName } from './wsinfer-config.js';

/** Names that stand for a bundle of this package. A folder of the same name is reached as `./demo`. */
const builtIns: Readonly<Record<string, string>> = Object.freeze({
  demo: 'models/demo',
  'demo-lesion': 'models/demo-lesion',
});

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function fromFolder(folder: string, options: ParsedModelOptions, isBuiltIn: boolean): Promise<Model> {
  const root = await bundleRoot(folder, isBuiltIn);
  if (await exists(`${root.folder}/${bundleFileName}`)) {
    refuseDeclared(options, ['clip'], 'the bundle');
    return readBundle(root);
  }
  if (await exists(`${root.folder}/${wsinferFileName}`)) {
    refuseDeclared(options, ['column', 'head', 'graphOutput', 'clip'], 'the WSInfer model');
    return readWsinfer(root, options);
  }
  throw new MicrotomeError(
    'MODEL_INVALID',
    'infer',
    `the folder has neither ${bundleFileName} nor a WSInfer ${wsinferFileName}`,
    { path: folder },
  );
}

async function fromPath(ref: string, options: ParsedModelOptions): Promise<Model> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(ref)).isDirectory();
  } catch (error) {
    throw await missingModel(error, ref, Object.keys(builtIns));
  }
  if (isFolder) return fromFolder(ref, options, false);
  if ([bundleFileName, wsinferFileName].includes(basename(ref))) return fromFolder(dirname(ref), options, false);
  if (extname(ref).toLowerCase() === '.onnx') return readBareOnnx(ref, options);
  throw new MicrotomeError(
    'MODEL_INVALID',
    'infer',
    `the model ${ref} is neither a folder, an .onnx file, ${bundleFileName} nor ${wsinferFileName}`,
    { path: ref },
  );
}

/** The model with another range for its score; undefined: as it is declared. */
function withClip(model: Model, clip: ParsedModelOptions['clip']): Model {
  if (clip === undefined) return model;
  const first = <T>(list: readonly T[], change: (item: T) => T): readonly T[] =>
    list.map((item, i) => (i === 0 ? change(item) : item));
  const spec = specOf(model);
  const changed: Model = Object.freeze({
    ...model,
    outputs: Object.freeze(first(model.outputs, (output) => Object.freeze({ ...output, clip, clipDeclared: true }))),
  });
  return attachSpec(changed, { ...spec, outputs: first(spec.outputs, (output) => ({ ...output, clip })) });
}

/** Reads the model that a parsed reference means. */
export async function readModel(ref: string, options: ParsedModelOptions): Promise<Model> {
  return withClip(await readDeclared(ref, options), options.clip);
}

async function readDeclared(ref: string, options: ParsedModelOptions): Promise<Model> {
  const builtIn = Object.hasOwn(builtIns, ref) ? builtIns[ref] : undefined;
  if (builtIn !== undefined) return fromFolder(packageFile(builtIn), options, true);
  return fromPath(ref, options);
}

/**
 * Reads and checks a model: the folder of a bundle (`microtome.json`), a folder with a WSInfer `config.json` and an
 * `.onnx`, a bare `.onnx` file, or a built-in name (`'demo'`, `'demo-lesion'`). Hashes every file and compares the graph with what is
 * declared; opens no runtime. The result can be passed as `model` to {@link scoreSlide} and {@link createScorer} any
 * number of times.
 *
 * @param ref - A path, a `file:` URL or a built-in name.
 * @param options - For a model without a bundle: what the bundle would declare.
 * @throws {@link MicrotomeError} FILE_NOT_FOUND, FILE_UNREADABLE, MODEL_INVALID (naming the line of the JSON that is to
 * blame), MODEL_MISMATCH (naming what is declared and what the graph has), INVALID_OPTION.
 * @example
 * ```ts
 * const model = await loadModel('classifier.onnx', { input: { mpp: 0.5 }, activation: 'softmax', column: 1 });
 * ```
 */
export async function loadModel(ref: string | URL, options?: ModelOptions): Promise<Model> {
  const path = pathOf(ref instanceof URL ? ref : text('model', ref));
  return rememberOptions(await readModel(path, parseModelOptions(options)), options);
}
