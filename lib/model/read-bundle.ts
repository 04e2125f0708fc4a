/** A bundle folder to a Model: schema, file hashes, what this version can run, and the graph. */

import type { MicrotomeError } from '../core/errors.js';
import { defaults } from '../options/defaults.js';
import { activationWarnings } from './activation.js';
import { assumedInput, assumptions } from './assumptions.js';
import type { BundleRoot } from './bundle-files.js';
import { hashBundleFile, requireInsidePath } from './bundle-files.js';
import { readBundleJson } from './bundle-json.js';
import type {
  BundleJson,
  BundleText,
  CardJson,
  EncoderJson,
  HeadJson,
  OutputJson,
  TileInputJson,
} from './bundle-json.js';
import { checkModelAgainstGraph } from './check-graph.js';
import type { Model, ModelAssumptions, ModelCard, TileInput } from './model.js';
import { readOnnxFile } from './onnx-file.js';
import type { OnnxFile } from './onnx-file.js';
import { modelOutputs } from './slide-outputs.js';
import { attachSpec } from './spec.js';
import type { ModelSpec, OutputSpec, SelectSpec, SimpleHead, TileOutputSpec } from './spec.js';

type At = readonly string[];

/** What the schema allows and this version does not run. */
function later(text: BundleText, at: At, what: string): MicrotomeError {
  return text.error('MODEL_INVALID', at, `${what} needs a later version of microtome`);
}

function requireDistinct(text: BundleText, list: readonly { readonly name: string }[], at: At): void {
  const seen = new Set<string>();
  list.forEach(({ name }, i) => {
    if (seen.has(name))
      throw text.error('MODEL_INVALID', [...at, String(i), 'name'], `the name "${name}" is used twice`);
    seen.add(name);
  });
}

function refuseLater(json: BundleJson, text: BundleText): void {
  if (json.inputs.images !== undefined) throw later(text, ['inputs', 'images'], 'a whole-slide image input');
  if (json.inputs.clinical !== undefined) throw later(text, ['inputs', 'clinical'], 'a clinical input');
  if ((json.inputs.tiles?.length ?? 0) > 1) throw later(text, ['inputs', 'tiles', '1'], 'a second tile scale');
  if (json.encoders.length > 1) throw later(text, ['encoders', '1'], 'a second encoder');
  json.heads.forEach((head, i) => {
    if (head.method === 'onnx') throw later(text, ['heads', String(i), 'method'], 'an ONNX head');
  });
  json.select?.forEach((rule, i) => {
    if (rule.rule === 'filter' || rule.rule === 'highest')
      throw later(text, ['select', String(i), 'rule'], `the rule "${rule.rule}"`);
  });
}

function tileInput(json: TileInputJson): TileInput {
  return Object.freeze({
    name: json.name,
    sizePx: json.size,
    stridePx: json.stride ?? json.size,
    mpp: json.mpp ?? null,
    level: json.level ?? null,
    layout: json.layout ?? 'NCHW',
    channels: json.channels ?? defaults.input.channels,
    type: json.type ?? 'float32',
    scale: json.scale ?? defaults.input.scale,
    mean: Object.freeze(json.mean ?? defaults.input.mean),
    std: Object.freeze(json.std ?? defaults.input.std),
  });
}

function tileOutputs(encoder: EncoderJson, text: BundleText): readonly TileOutputSpec[] {
  const at = ['encoders', '0', 'outputs'];
  requireDistinct(text, encoder.outputs, at);
  return encoder.outputs.map((o, i) => {
    if (o.columnNames !== undefined && o.columnNames.length !== o.columns) {
      throw text.error(
        'MODEL_INVALID',
        [...at, String(i), 'columnNames'],
        `${o.columnNames.length} names for ${o.columns} columns`,
      );
    }
    if (o.activation === 'softmax' && o.columns === 1) {
      throw text.error(
        'MODEL_INVALID',
        [...at, String(i), 'activation'],
        'softmax over a single column is 1 for every tile; sigmoid is for a single column, none for probabilities',
      );
    }
    return {
      name: o.name,
      tensor: o.tensor ?? o.name,
      columns: o.columns,
      columnNames: o.columnNames ?? null,
      activation: o.activation ?? 'none',
      operator: null,
    };
  });
}

function nativeHead(head: HeadJson, index: number, encoder: EncoderJson, text: BundleText): SimpleHead {
  const at = ['heads', String(index), 'of'];
  const of = head.of ?? { encoder: '', output: '' };
  if (of.encoder !== encoder.name)
    throw text.error('MODEL_INVALID', [...at, 'encoder'], `there is no encoder "${of.encoder}"`);
  const output = encoder.outputs.findIndex((o) => o.name === of.output);
  if (output === -1)
    throw text.error('MODEL_INVALID', [...at, 'output'], `the encoder "${encoder.name}" has no output "${of.output}"`);
  const column = of.column ?? 0;
  const columns = encoder.outputs[output]?.columns ?? 0;
  if (column >= columns)
    throw text.error('MODEL_INVALID', [...at, 'column'], `column ${column} of ${columns} (columns count from 0)`);
  return {
    kind: 'simple',
    name: head.name,
    of: { encoder: 0, output, column },
    method: head.method === 'onnx' ? 'mean' : head.method,
    k: head.k ?? 0,
    fraction: head.fraction ?? 0,
    quantile: head.quantile ?? 0,
  };
}

function checkCalibration(output: OutputJson, at: At, text: BundleText): void {
  const { calibration } = output;
  if (calibration?.method !== 'isotonic') return;
  const { x, y } = calibration;
  if (x.length !== y.length)
    throw text.error('MODEL_INVALID', [...at, 'calibration'], `${x.length} values of x and ${y.length} of y`);
  const unsorted = x.findIndex((v, i) => i > 0 && v <= (x[i - 1] ?? v));
  if (unsorted !== -1)
    throw text.error('MODEL_INVALID', [...at, 'calibration', 'x', String(unsorted)], 'x must rise from point to point');
}

function outputSpec(output: OutputJson, index: number, heads: readonly HeadJson[], text: BundleText): OutputSpec {
  const at = ['outputs', String(index)];
  const parts = typeof output.of === 'string' ? [{ head: output.of }] : output.of;
  const of = parts.map((part, i) => {
    const where = typeof output.of === 'string' ? [...at, 'of'] : [...at, 'of', String(i)];
    const head = heads.findIndex((h) => h.name === part.head);
    if (head === -1) throw text.error('MODEL_INVALID', where, `there is no head "${part.head}"`);
    if ('output' in part || 'column' in part)
      throw text.error(
        'MODEL_INVALID',
        where,
        `the head "${part.head}" gives one value; output and column are for ONNX heads`,
      );
    return { head, output: 0, column: 0, weight: 'weight' in part && part.weight !== undefined ? part.weight : 1 };
  });
  checkCalibration(output, at, text);
  const clip = output.clip;
  if (clip && clip[0] > clip[1])
    throw text.error('MODEL_INVALID', [...at, 'clip'], `the range ${clip[0]} to ${clip[1]} is empty`);
  return { name: output.name, of, calibration: output.calibration ?? null, clip, fallback: output.fallback ?? null };
}

function selectSpec(json: BundleJson, text: BundleText): SelectSpec {
  const spec: { -readonly [K in keyof SelectSpec]: SelectSpec[K] } = {
    keep: null,
    minTissueFraction: null,
    maxTiles: null,
    seed: null,
  };
  json.select?.forEach((rule, i) => {
    const at = ['select', String(i)];
    if (rule.input !== undefined && rule.input !== json.inputs.tiles?.[0]?.name) {
      throw text.error('MODEL_INVALID', [...at, 'input'], `there is no tile input "${rule.input}"`);
    }
    if (rule.rule === 'cap') {
      if (spec.maxTiles !== null) throw text.error('MODEL_INVALID', at, 'a second cap');
      [spec.maxTiles, spec.seed] = [rule.count ?? 0, rule.seed ?? 0];
      return;
    }
    if (spec.keep !== null) throw text.error('MODEL_INVALID', at, 'a second rule for which tiles of the grid are kept');
    spec.keep = rule.rule === 'tissueFraction' ? 'fraction' : rule.rule === 'tissueCentre' ? 'centre' : 'all';
    if (rule.rule === 'tissueFraction') spec.minTissueFraction = rule.min ?? defaults.minTissueFraction;
  });
  return spec;
}

function modelCard(card: CardJson): ModelCard {
  return Object.freeze({
    licence: card.licence,
    intendedUse: card.intendedUse,
    clinicalUse: card.clinicalUse ?? false,
    authors: Object.freeze([...(card.authors ?? [])]),
    trainingData: card.trainingData ?? null,
    evaluation: card.evaluation ?? null,
    limitations: card.limitations ?? null,
    citation: card.citation ?? null,
  });
}

/** Reads the graph. Every listed file must be there, plain, and have its hash; each is opened once. */
async function readFiles(root: BundleRoot, graph: string, json: BundleJson, text: BundleText): Promise<OnnxFile> {
  const files = Object.keys(json.files);
  for (const file of files) requireInsidePath(root, file);
  const unread = new Set(files);
  const verify = (file: string, sha256: string): void => {
    unread.delete(file);
    const declared = json.files[file];
    if (sha256 !== declared) {
      throw text.error(
        'MODEL_INVALID',
        ['files', file],
        `${file} has the SHA-256 ${sha256}, but ${declared} is declared`,
      );
    }
  };
  const onnx = await readOnnxFile(root, graph, { declared: new Set(files), verify });
  for (const file of [...unread]) verify(file, (await hashBundleFile(root, file)).sha256);
  return onnx;
}

/** The parts of a bundle that are made without its files. */
function bundleSpec(
  json: BundleJson,
  text: BundleText,
): Omit<ModelSpec, 'graphPath' | 'graphSha256' | 'weights' | 'fixedSizePx' | 'fixedRows'> {
  const encoder = json.encoders[0] as EncoderJson;
  requireDistinct(text, json.heads, ['heads']);
  requireDistinct(text, json.outputs, ['outputs']);
  return {
    inputTensor: encoder.input.tensor ?? null,
    tileOutputs: tileOutputs(encoder, text),
    heads: json.heads.map((head, i) => nativeHead(head, i, encoder, text)),
    outputs: json.outputs.map((output, i) => outputSpec(output, i, json.heads, text)),
    select: selectSpec(json, text),
    needsColumn: null,
  };
}

/** The column that the score is read from, where its output has several and the bundle says none; else null. */
function guessedColumn({ heads, outputs, tileOutputs }: ModelSpec, json: BundleJson): number | null {
  const index = outputs[0]?.of[0]?.head ?? 0;
  const head = heads[index];
  const isSaid = json.heads[index]?.of?.column !== undefined;
  return head === undefined || isSaid || tileOutputs[head.of.output]?.columns === 1 ? null : head.of.column;
}

/**
 * What the bundle leaves to a default although it depends on how the model was trained: its normalisation, and what its output
 * is. Colour, scale and layout are those of the format, and few models have others.
 */
function assumedOf(input: TileInput, spec: ModelSpec, json: BundleJson): ModelAssumptions | null {
  const { mean, std } = assumedInput(input, json.inputs.tiles?.[0] ?? {}, true);
  const head = spec.heads[spec.outputs[0]?.of[0]?.head ?? 0];
  const output = head === undefined ? undefined : spec.tileOutputs[head.of.output];
  const said = json.encoders[0]?.outputs.find(({ name }) => name === output?.name)?.activation;
  const column = guessedColumn(spec, json);
  return assumptions({
    input: { ...(mean === undefined ? {} : { mean }), ...(std === undefined ? {} : { std }) },
    ...(said === undefined && output !== undefined ? { activation: output.activation } : {}),
    ...(column === null ? {} : { column }),
  });
}

/** By the outputs that a head reads, each once. */
function warningsOf(spec: ModelSpec, json: BundleJson): readonly string[] {
  const scored = spec.heads[spec.outputs[0]?.of[0]?.head ?? 0]?.of.output;
  const column = guessedColumn(spec, json);
  const read = new Set(spec.heads.map((head) => head.of.output));
  return spec.tileOutputs.flatMap((output, i) => {
    if (!read.has(i)) return [];
    return activationWarnings(output, i === scored ? column : null);
  });
}

/** Reads a bundle folder. Throws MODEL_INVALID and MODEL_MISMATCH, naming the line of microtome.json where it is to blame. */
export async function readBundle(root: BundleRoot): Promise<Model> {
  const { json, text, sha256 } = await readBundleJson(root);
  refuseLater(json, text);
  const tiles = json.inputs.tiles?.[0];
  const encoder = json.encoders[0] as EncoderJson;
  if (tiles === undefined) throw text.error('MODEL_INVALID', ['inputs'], 'there is no tile input');
  if (encoder.input.from !== tiles.name) {
    throw text.error('MODEL_INVALID', ['encoders', '0', 'input', 'from'], `there is no input "${encoder.input.from}"`);
  }
  if (!Object.hasOwn(json.files, encoder.graph)) {
    throw text.error('MODEL_INVALID', ['encoders', '0', 'graph'], `${encoder.graph} is not listed in files`);
  }
  const draft = bundleSpec(json, text);
  const onnx = await readFiles(root, encoder.graph, json, text);
  const input = tileInput(tiles);
  const open: ModelSpec = {
    ...draft,
    tileOutputs: draft.tileOutputs.map((o) => ({ ...o, operator: onnx.operators.get(o.tensor) ?? null })),
    graphPath: onnx.path,
    graphSha256: onnx.sha256,
    weights: onnx.weights,
    fixedSizePx: null,
    fixedRows: null,
  };
  const graph = checkModelAgainstGraph(input, input.sizePx, open, onnx);
  const card = modelCard(json.card);
  const model: Model = Object.freeze({
    name: json.name,
    kind: 'bundle',
    path: root.folder,
    sha256,
    card,
    intendedUse: card.intendedUse,
    input,
    outputs: modelOutputs(open.outputs),
    graph: Object.freeze({ path: onnx.path, inputs: onnx.inputs, outputs: onnx.outputs }),
    warnings: Object.freeze(warningsOf(open, json)),
    assumed: assumedOf(input, open, json),
  });
  return attachSpec(model, {
    ...open,
    fixedSizePx: graph.height >= 0 ? graph.height : null,
    fixedRows: graph.batch > 0 ? graph.batch : null,
  });
}
