/** The encoders of a bundle: of tiles, and of pictures of the whole slide, which are heads. */

import type { BundleText } from '../bundle-json.js';
import type { EncoderSpec, HeadOutputSpec, ImageHeadSpec, TileOutputSpec } from '../spec.js';
import type { GraphList } from './graph-list.js';
import type { BundleJson, HeadOutputJson, TensorOutputJson } from './json-types.js';
import type { NamedEncoder, Names } from './names.js';

/** What is declared of the outputs of a graph. Throws MODEL_INVALID. */
export function tensorOutputs(
  outputs: readonly TensorOutputJson[],
  at: readonly string[],
  text: BundleText,
): readonly (TileOutputSpec & { readonly columns: number })[] {
  return outputs.map((o, i) => {
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
        'softmax over a single column is always 1; sigmoid is for a single column, none for probabilities',
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

/** Of a head. Throws MODEL_INVALID. */
export function headOutputs(
  outputs: readonly HeadOutputJson[],
  at: readonly string[],
  text: BundleText,
): readonly HeadOutputSpec[] {
  return tensorOutputs(outputs, at, text).map((output, i) => {
    const perTile = outputs[i]?.perTile ?? false;
    if (perTile && output.columns !== 1)
      throw text.error(
        'MODEL_INVALID',
        [...at, String(i), 'columns'],
        `with perTile there is one value for each tile, but ${output.columns} columns are declared`,
      );
    return { ...output, perTile };
  });
}

interface Shared {
  readonly name: string;
  readonly tensor: string | null;
  readonly turns: EncoderSpec['turns'];
  readonly at: () => string;
}

/** The parts that both kinds have. */
function sharedParts({ json }: NamedEncoder, at: readonly string[], text: BundleText): Shared {
  return {
    name: json.name,
    tensor: json.input.tensor ?? null,
    turns: json.turns ?? ['identity'],
    at: () => text.place(at),
  };
}

function placeOf(json: BundleJson, name: string): readonly string[] {
  return ['encoders', String(json.encoders.findIndex((each) => each.name === name))];
}

/** Throws MODEL_INVALID. */
export function tileEncoders(
  json: BundleJson,
  names: Names,
  graphs: GraphList,
  text: BundleText,
): readonly EncoderSpec[] {
  return names.encoders('tiles').map((encoder) => {
    const at = placeOf(json, encoder.json.name);
    return {
      ...sharedParts(encoder, at, text),
      graph: graphs.indexOf(encoder.json.graph, [...at, 'graph']),
      input: encoder.input,
      outputs: tensorOutputs(encoder.json.outputs, [...at, 'outputs'], text),
      fixedSizePx: null,
      fixedRows: null,
    };
  });
}

/** Throws MODEL_INVALID. */
export function imageEncoders(
  json: BundleJson,
  names: Names,
  graphs: GraphList,
  text: BundleText,
): readonly ImageHeadSpec[] {
  return names.encoders('image').map((encoder) => {
    const at = placeOf(json, encoder.json.name);
    return {
      kind: 'image',
      ...sharedParts(encoder, at, text),
      graph: graphs.indexOf(encoder.json.graph, [...at, 'graph']),
      image: encoder.input,
      outputs: headOutputs(encoder.json.outputs, [...at, 'outputs'], text),
    };
  });
}
