/** createBundle: a bundle of one .onnx file and the few things that the file does not say. */
import { constants } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { printable } from '../core/printable.js';
import { MicrotomeError, fromFileSystem } from '../core/errors.js';
import { pathOf } from '../core/file-url.js';
import { optionMark } from '../core/option-names.js';
import { contradiction, invalid, numeric, record, text } from '../options/check.js';
import { modelOptionKeys, parseModelOptions } from '../options/model-options.js';
import type { ModelOptions } from '../options/types.js';
import { bundleFileName } from './bundle-json.js';
import type { BundleJson } from './bundle/json-types.js';
import { readModel } from './load-model.js';
import type { Model } from './model.js';
import { specOf } from './spec.js';
import type { GraphSpec, ModelSpec, SimpleHead, TileOutputSpec } from './spec.js';

/** What {@link createBundle} is told: how the model works, as for {@link loadModel}, and its card. */
export interface BundleOptions extends ModelOptions {
  /** Name of the model in results: letters, digits, `.`, `_`, `-`. @defaultValue the name of the .onnx file */
  readonly name?: string;
  /** Licence of the weights. */
  readonly licence: string;
  /** What the model is for. */
  readonly intendedUse: string;
  /** The value that is written for a slide that could not be scored. @defaultValue none */
  readonly fallback?: number;
}

const ownKeys = ['name', 'licence', 'intendedUse', 'fallback'] as const;
const graphFile = 'model.onnx';

interface Parsed {
  readonly name: string | null;
  readonly licence: string;
  readonly intendedUse: string;
  readonly fallback: number | null;
  readonly model: object;
}

/** A name that was told is taken as it is, or refused. */
function toldName(value: unknown): string {
  const name = text('name', value);
  if (plainName(name) === name) return name;
  const expected = 'at most 100 letters, digits, ".", "_" and "-" of which the first is a letter or a digit';
  throw invalid('name', expected, value);
}

function parse(options: BundleOptions): Parsed {
  const o = record('options', options, [...ownKeys, ...modelOptionKeys]);
  const needed = (key: 'licence' | 'intendedUse'): string => {
    if (o[key] === undefined) throw contradiction(`${optionMark(key)} is missing: the card of the bundle says it`);
    return text(key, o[key]);
  };
  return {
    name: o['name'] === undefined ? null : toldName(o['name']),
    licence: needed('licence'),
    intendedUse: needed('intendedUse'),
    fallback:
      o['fallback'] === undefined
        ? null
        : numeric('fallback', o['fallback'], { type: 'number', min: -1e30, max: 1e30 }),
    model: Object.fromEntries(Object.entries(o).filter(([key]) => !(ownKeys as readonly string[]).includes(key))),
  };
}

function headJson(
  { name, of, method, k, fraction, quantile }: SimpleHead,
  output: string,
): BundleJson['heads'][number] {
  return {
    name,
    method,
    of: { encoder: 'net', output, column: of.column },
    ...(k > 0 ? { k } : {}),
    ...(fraction > 0 ? { fraction } : {}),
    ...(method === 'quantile' ? { quantile } : {}),
  };
}

/** A name that the schema allows. */
function plainName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain === '' ? 'model' : plain.slice(0, 100);
}

function guessedColumn({ name, columns }: TileOutputSpec): MicrotomeError {
  return contradiction(
    `The output "${printable(name)}" has ${columns} columns: pass ${optionMark('column')}, the one that is the score`,
  );
}

function bundleOf(model: Model, spec: ModelSpec, files: Readonly<Record<string, string>>, told: Parsed): object {
  const [tiles] = spec.tiles;
  const [output, head] = [spec.encoders[0]?.outputs[0], spec.heads[0]];
  if (tiles === undefined || output === undefined || head?.kind !== 'simple' || output.columns === null)
    throw contradiction(
      `The output "${printable(output?.name ?? '')}" has an unknown number of columns, which a bundle must name`,
    );
  if (model.assumed?.column !== undefined) throw guessedColumn(output);
  const { input } = tiles;
  const { layout, channels, type, scale, mean, std } = input;
  // A bundle that leaves something out is told apart from one that declares it: what was guessed stays a guess.
  const { input: guessed = {}, activation } = model.assumed ?? {};
  if (input.mpp === null && input.level === null)
    throw contradiction(
      `The bundle must say at which resolution the model works: pass ${optionMark('input.mpp')} or ${optionMark('input.level')}`,
    );
  const clip = spec.outputs[0]?.clip;
  return {
    formatVersion: 1,
    name: plainName(told.name ?? model.name),
    inputs: {
      tiles: [
        {
          name: 'tiles',
          size: input.sizePx,
          ...(input.mpp === null ? { level: input.level } : { mpp: input.mpp }),
          ...{ layout, channels, type, scale },
          ...(guessed.mean === undefined ? { mean } : {}),
          ...(guessed.std === undefined ? { std } : {}),
        },
      ],
    },
    encoders: [
      {
        name: 'net',
        graph: graphFile,
        input: { from: 'tiles' },
        outputs: [
          {
            name: 'output',
            tensor: output.tensor,
            columns: output.columns,
            ...(activation === undefined ? { activation: output.activation } : {}),
          },
        ],
      },
    ],
    heads: [headJson({ ...head, name: 'slide' }, 'output')],
    outputs: [
      {
        name: 'score',
        of: 'slide',
        ...(clip === undefined ? {} : { clip }),
        ...(told.fallback === null ? {} : { fallback: told.fallback }),
      },
    ],
    files,
    card: { licence: told.licence, intendedUse: told.intendedUse, clinicalUse: false },
  };
}

/** The graph and its weights, by the paths that they get in the bundle. Throws MODEL_INVALID for weights elsewhere. */
function filesOf({ path, weights }: GraphSpec): ReadonlyMap<string, string> {
  const files = new Map([[graphFile, path]]);
  for (const file of weights) {
    const inside = file.location ?? relative(dirname(path), file.path).split('\\').join('/');
    if (inside.startsWith('..') || inside.startsWith('/') || files.has(inside) || inside === bundleFileName)
      throw new MicrotomeError('MODEL_INVALID', 'infer', `the weights ${inside} cannot lie in a bundle`, { path });
    files.set(inside, file.path);
  }
  return files;
}

async function copyInto(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [inside, from] of files) {
    const to = join(folder, inside);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

async function newFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw fromFileSystem(error, 'options', folder, 'the folder for');
    throw new MicrotomeError('OUTPUT_EXISTS', 'options', `${folder} is there already`, {
      path: folder,
      advice: 'choose another folder',
    });
  }
}

/**
 * Writes the folder of a bundle: a copy of an `.onnx` file with its weights, and a `microtome.json` that says what was told
 * here. Nothing is replaced: the folder must not be there. What was written is read back and checked.
 *
 * @param onnx - The `.onnx` file.
 * @param folder - The folder to make.
 * @throws {@link MicrotomeError} what {@link loadModel} throws, and OUTPUT_EXISTS. Then there is no new folder.
 * @example
 * ```ts
 * await createBundle('classifier.onnx', 'my-bundle', {
 *   input: { mpp: 0.5 }, activation: 'softmax', column: 1, licence: 'Apache-2.0', intendedUse: 'research',
 * });
 * ```
 */
export async function createBundle(onnx: string | URL, folder: string | URL, options: BundleOptions): Promise<Model> {
  const told = parse(options);
  const [from, to] = [pathOf(onnx), pathOf(folder)];
  const model = await readModel(from, parseModelOptions(told.model));
  if (model.kind !== 'onnx')
    throw contradiction(`${from} is no .onnx file, but ${model.kind === 'bundle' ? 'a bundle' : 'a WSInfer model'}`);
  const spec = specOf(model);
  if (spec.needsColumn !== null) throw contradiction(spec.needsColumn);
  const graph = spec.graphs[0] as GraphSpec;
  const files = filesOf(graph);
  const hashes = new Map([graph, ...graph.weights].map(({ path, sha256 }) => [path, sha256]));
  const listed = Object.fromEntries([...files].map(([inside, path]) => [inside, hashes.get(path) ?? '']));
  const json = bundleOf(model, spec, listed, told);
  await newFolder(to);
  try {
    await copyInto(to, files);
    await writeFile(join(to, bundleFileName), `${JSON.stringify(json, null, 2)}\n`, { flag: 'wx' });
    return await readModel(to, parseModelOptions({}));
  } catch (error) {
    await rm(to, { recursive: true, force: true });
    throw fromFileSystem(error, 'options', to, 'the bundle');
  }
}
