/** A bundle folder to a Model: schema, names, file hashes, graphs. */

import type { BundleRoot } from './bundle-files.js';
import { readBundleJson } from './bundle-json.js';
import type { BundleText } from './bundle-json.js';
import { bundleAssumptions, bundleWarnings } from './bundle/assumed.js';
import { clinicalFeatures, clinicalInputs } from './bundle/clinical-features.js';
import { imageEncoders, tileEncoders } from './bundle/encoders.js';
import { readGraphFiles } from './bundle/graph-files.js';
import { GraphList } from './bundle/graph-list.js';
import { headSpecs } from './bundle/heads.js';
import { colourOf, imageInput, tileInput } from './bundle/inputs.js';
import type { BundleJson, CardJson } from './bundle/json-types.js';
import { Names } from './bundle/names.js';
import { outputSpec } from './bundle/outputs.js';
import { selection } from './bundle/select.js';
import { checkGraphs } from './check-graph.js';
import { columnsOf } from './clinical/columns.js';
import type { Model, ModelCard, ModelGraph } from './model.js';
import type { OnnxFile } from './onnx-file.js';
import { modelOutputs } from './slide-outputs.js';
import { attachSpec } from './spec.js';
import type { GraphSpec, HeadSpec, ModelSpec, TileOutputSpec } from './spec.js';

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

interface Draft {
  readonly spec: Omit<ModelSpec, 'graphs' | 'headGraphs'>;
  readonly graphs: GraphList;
  readonly headGraphs: GraphList;
}

/** The parts of a bundle that are made without its files. Throws MODEL_INVALID. */
function draftOf(json: BundleJson, text: BundleText): Draft {
  const names = new Names(json, text);
  const graphs = new GraphList(json, text);
  const headGraphs = new GraphList(json, text);
  const { tiles = [], images = [], clinical = [] } = json.inputs;
  const { grids, rules } = selection(json, names, text);
  const encoders = tileEncoders(json, names, graphs, text);
  const heads = headSpecs(json, names, headGraphs, imageEncoders(json, names, headGraphs, text), text);
  const spec = {
    tiles: tiles.map((input, i) => ({ input: tileInput(input), select: grids[i] as (typeof grids)[number] })),
    images: images.map(imageInput),
    colour: colourOf(json.inputs.colour),
    clinical: clinicalFeatures(clinical, text),
    encoders,
    rules,
    heads,
    outputs: json.outputs.map((output, i) => outputSpec(output, i, heads, names, text)),
    needsColumn: null,
  };
  requireRead(spec, text);
  requirePixels(json, names, encoders, text);
  return { spec, graphs, headGraphs };
}

/** Tiles or pictures that nothing reads would be decoded for nothing: a mistake. */
function requireRead({ tiles, images, encoders, heads, colour }: Draft['spec'], text: BundleText): void {
  const readsTiles = (i: number): boolean =>
    encoders.some(({ input }) => input === i) ||
    heads.some(
      (head) => head.kind === 'onnx' && head.inputs.some((one) => one.from === 'coordinates' && one.input === i),
    );
  const tile = tiles.findIndex((_, i) => !readsTiles(i));
  if (tile !== -1)
    throw text.error('MODEL_INVALID', ['inputs', 'tiles', String(tile)], `nothing reads "${tiles[tile]?.input.name}"`);
  const image = images.findIndex((_, i) => !heads.some((head) => head.kind === 'image' && head.image === i));
  if (image !== -1)
    throw text.error(
      'MODEL_INVALID',
      ['inputs', 'images', String(image)],
      `nothing reads "${images[image]?.input.name}"`,
    );
  if (colour?.stain != null && tiles.length === 0)
    throw text.error(
      'MODEL_INVALID',
      ['inputs', 'colour', 'stain'],
      'the stains are fitted to tiles, and there is no tile input',
    );
}

/** A rule that looks at pixels applies to tiles that an encoder gets. */
function requirePixels(
  { select = [] }: BundleJson,
  names: Names,
  encoders: Draft['spec']['encoders'],
  text: BundleText,
): void {
  select.forEach((rule, i) => {
    if (rule.rule !== 'quality') return;
    const at = ['select', String(i)];
    const input = names.tileInput(rule.input, [...at, 'input']);
    if (encoders.some((encoder) => encoder.input === input)) return;
    throw text.error(
      'MODEL_INVALID',
      at,
      'the rule "quality" looks at pixels, but no encoder reads the tiles of its input',
    );
  });
}

function graphSpec({ path, sha256, weights, inputs, outputs }: OnnxFile): GraphSpec {
  return { path, sha256, weights, inputs, outputs };
}

/** Outputs with the operators that make them. */
function withOperators<T extends TileOutputSpec>(outputs: readonly T[], onnx: OnnxFile | undefined): readonly T[] {
  return outputs.map((output) => ({ ...output, operator: onnx?.operators.get(output.tensor) ?? null }));
}

/** With what the files say of the graphs. Throws MODEL_MISMATCH, INVALID_OPTION. */
function withGraphs(draft: Draft, files: ReadonlyMap<string, OnnxFile>): ModelSpec {
  const filesOf = (list: GraphList): readonly OnnxFile[] => list.files.map((file) => files.get(file) as OnnxFile);
  const [graphs, headGraphs] = [filesOf(draft.graphs), filesOf(draft.headGraphs)];
  const heads = draft.spec.heads.map((head): HeadSpec => {
    if (head.kind !== 'image' && head.kind !== 'onnx') return head;
    return { ...head, outputs: withOperators(head.outputs, headGraphs[head.graph]) };
  });
  const open: ModelSpec = {
    ...draft.spec,
    heads,
    encoders: draft.spec.encoders.map((encoder) => ({
      ...encoder,
      outputs: withOperators(encoder.outputs, graphs[encoder.graph]),
    })),
    graphs: graphs.map(graphSpec),
    headGraphs: headGraphs.map(graphSpec),
  };
  const sizesPx = open.tiles.map(({ input }) => input.sizePx);
  const inputs = checkGraphs(open, sizesPx, graphs, headGraphs);
  return {
    ...open,
    encoders: open.encoders.map((encoder, i) => {
      const { height = -1, batch = -1 } = inputs[i] ?? {};
      return { ...encoder, fixedSizePx: height >= 0 ? height : null, fixedRows: batch > 0 ? batch : null };
    }),
  };
}

function modelGraph({ path, inputs, outputs }: GraphSpec): ModelGraph {
  return Object.freeze({ path, inputs, outputs });
}

/** Reads a bundle folder. Throws MODEL_INVALID and MODEL_MISMATCH, naming the line of microtome.json where it is to blame. */
export async function readBundle(root: BundleRoot): Promise<Model> {
  const { json, text, sha256 } = await readBundleJson(root);
  const draft = draftOf(json, text);
  const files = [...draft.graphs.files, ...draft.headGraphs.files];
  const spec = withGraphs(draft, await readGraphFiles(root, files, json, text));
  const graphs = [...spec.graphs, ...spec.headGraphs].map(modelGraph);
  const card = modelCard(json.card);
  const inputs = Object.freeze(spec.tiles.map(({ input }) => input));
  const model: Model = Object.freeze({
    name: json.name,
    kind: 'bundle',
    path: root.folder,
    sha256,
    card,
    intendedUse: card.intendedUse,
    input: inputs[0] ?? null,
    inputs,
    images: Object.freeze(spec.images.map(({ input }) => input)),
    clinical: clinicalInputs(spec.clinical),
    columns: columnsOf(spec),
    outputs: modelOutputs(spec.outputs),
    graph: graphs[0] as ModelGraph,
    graphs: Object.freeze(graphs),
    warnings: Object.freeze(bundleWarnings(spec, json)),
    assumed: bundleAssumptions(spec, json),
  });
  return attachSpec(model, spec);
}
