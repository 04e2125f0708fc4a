/** The heads of a bundle: every name becomes an index, and a head that stands for others is told apart from one that runs. */

import type { BundleText } from '../bundle-json.js';
import { wrongWithWord } from './clinical-features.js';
import type { Case, HeadInputSpec, HeadSpec, ImageHeadSpec, OnnxHeadSpec, SimpleHead } from '../spec.js';
import { headOutputs } from './encoders.js';
import type { GraphList } from './graph-list.js';
import { finalHeads, requireOrder } from './head-order.js';
import type {
  BundleJson,
  CaseJson,
  ChooseHeadJson,
  HeadInputJson,
  HeadJson,
  OnnxHeadJson,
  SimpleHeadJson,
} from './json-types.js';
import type { Names } from './names.js';

type At = readonly string[];

/** Throws MODEL_INVALID for two cases that are the same, and for a text that no slide can have; "": the slide has no value. */
export function casesOf<J extends CaseJson, T>(
  cases: readonly J[],
  at: At,
  text: BundleText,
  gives: (json: J, at: At) => T,
): readonly Case<T>[] {
  const seen = new Set<string | number>();
  return cases.map((json, i) => {
    json.equals.forEach((value, k) => {
      const wrong = seen.has(value)
        ? `the value ${JSON.stringify(value)} has a case already`
        : typeof value === 'string' && value !== ''
          ? wrongWithWord(value)
          : null;
      if (wrong !== null) throw text.error('MODEL_INVALID', [...at, String(i), 'equals', String(k)], wrong);
      seen.add(value);
    });
    return { equals: json.equals, tolerance: json.tolerance ?? 0, gives: gives(json, [...at, String(i)]) };
  });
}

class HeadReader {
  constructor(
    private readonly json: BundleJson,
    private readonly names: Names,
    private readonly graphs: GraphList,
    private readonly text: BundleText,
  ) {}

  head(head: HeadJson, at: At): HeadSpec {
    if (head.method === 'onnx') return this.onnx(head, at);
    if (head.method === 'choose') return this.choose(head, at);
    return this.simple(head, at);
  }

  private simple(head: SimpleHeadJson, at: At): HeadSpec {
    const { encoder, output, column } = this.names.value(head.of, [...at, 'of']);
    if (encoder.of === 'image') {
      if (head.method !== 'mean')
        throw this.text.error(
          'MODEL_INVALID',
          [...at, 'method'],
          `the encoder "${encoder.json.name}" reads one image: its value is taken with the method "mean", not "${head.method}"`,
        );
      return { kind: 'value', name: head.name, of: { head: encoder.index, output: head.of.output, column } };
    }
    const simple: SimpleHead = {
      kind: 'simple',
      name: head.name,
      of: { encoder: encoder.index, output, column },
      method: head.method,
      k: head.k ?? 0,
      fraction: head.fraction ?? 0,
      quantile: head.quantile ?? 0,
    };
    return simple;
  }

  private choose(head: ChooseHeadJson, at: At): HeadSpec {
    const cases = casesOf(head.cases, [...at, 'cases'], this.text, (one, where) =>
      this.names.head(one.head, [...where, 'head']),
    );
    const otherwise = head.default === undefined ? null : this.names.head(head.default, [...at, 'default']);
    return { kind: 'choose', name: head.name, choice: { column: head.column, cases, otherwise } };
  }

  private onnx(head: OnnxHeadJson, at: At): OnnxHeadSpec {
    this.requireTensors(head, at);
    return {
      kind: 'onnx',
      name: head.name,
      graph: this.graphs.indexOf(head.graph, [...at, 'graph']),
      inputs: head.inputs.map((input, i) => this.input(input, [...at, 'inputs', String(i)])),
      outputs: headOutputs(head.outputs, [...at, 'outputs'], this.text),
      at: () => this.text.place(at),
    };
  }

  private requireTensors({ inputs, outputs }: OnnxHeadJson, at: At): void {
    const seen = new Set<string>();
    inputs.forEach(({ tensor }, i) => {
      const where = [...at, 'inputs', String(i)];
      if (tensor === undefined && inputs.length > 1)
        throw this.text.error('MODEL_INVALID', where, `of ${inputs.length} inputs each needs a tensor`);
      if (tensor !== undefined && seen.has(tensor))
        throw this.text.error('MODEL_INVALID', [...where, 'tensor'], `the tensor "${tensor}" has an input already`);
      if (tensor !== undefined) seen.add(tensor);
    });
    const named = new Set<string>();
    outputs.forEach(({ name }, i) => {
      const where = [...at, 'outputs', String(i), 'name'];
      if (named.has(name)) throw this.text.error('MODEL_INVALID', where, `the name "${name}" is used twice`);
      named.add(name);
    });
  }

  private input(input: HeadInputJson, at: At): HeadInputSpec {
    const tensor = input.tensor ?? null;
    switch (input.from) {
      case 'features': {
        const encoder = this.names.encoder(input.encoder, [...at, 'encoder']);
        const output = this.names.output(encoder, input.output, [...at, 'output']);
        // An image encoder is a head that runs before this one.
        if (encoder.of === 'image') return { tensor, from: 'head', head: encoder.index, output: input.output };
        return { tensor, from: 'features', encoder: encoder.index, output };
      }
      case 'coordinates': {
        const { unit, order } = input;
        return { tensor, from: 'coordinates', input: this.names.tileInput(input.input, [...at, 'input']), unit, order };
      }
      case 'clinical':
        return { tensor, from: 'clinical', features: this.features(input.features, at) };
      case 'head':
        return {
          tensor,
          from: 'head',
          head: this.names.head(input.head, [...at, 'head']),
          output: input.output ?? null,
        };
    }
  }

  private features(names: readonly string[] | undefined, at: At): readonly number[] {
    if (this.names.clinicalCount === 0)
      throw this.text.error('MODEL_INVALID', [...at, 'from'], 'there are no clinical features in inputs.clinical');
    if (names === undefined) return Array.from({ length: this.names.clinicalCount }, (_, i) => i);
    return names.map((name, i) => this.names.clinical(name, [...at, 'features', String(i)]));
  }

  /** The place of a head of the spec in the bundle. */
  placeOf(head: number): At {
    const own = head - this.names.imageHeads;
    return own >= 0 ? ['heads', String(own)] : ['encoders'];
  }

  /** Of every head that an input may be: it has the output, and gives one row of it. Gives the columns. */
  requireRows(heads: readonly HeadSpec[]): void {
    this.json.heads.forEach((json, i) => {
      if (json.method !== 'onnx') return;
      const spec = heads[this.names.imageHeads + i] as OnnxHeadSpec;
      spec.inputs.forEach((input, k) => {
        if (input.from !== 'head') return;
        const at = ['heads', String(i), 'inputs', String(k)];
        for (const final of finalHeads(heads, input.head)) rowOf(heads, final, input.output, at, this.text);
      });
      this.requireOneBag(spec, ['heads', String(i)]);
    });
  }

  /** What is one value for each tile belongs to the tiles of one input. */
  private requireOneBag(spec: OnnxHeadSpec, at: At): void {
    const bags = new Set(bagsOf(spec, this.names));
    const perTile = spec.outputs.findIndex((output) => output.perTile);
    if (perTile !== -1 && bags.size !== 1)
      throw this.text.error(
        'MODEL_INVALID',
        [...at, 'outputs', String(perTile), 'perTile'],
        bags.size === 0
          ? 'the head reads no tiles, so that it has no value for each'
          : 'the head reads the tiles of several inputs, so that it has no value for each',
      );
  }
}

/** The tile inputs whose tiles a head reads. */
function bagsOf(spec: OnnxHeadSpec, names: Names): readonly number[] {
  const encoders = names.encoders('tiles');
  return spec.inputs.flatMap((input) => {
    if (input.from === 'coordinates') return [input.input];
    return input.from === 'features' ? [encoders[input.encoder]?.input ?? 0] : [];
  });
}

/** The columns of a row of a head that runs. Throws MODEL_INVALID where it has no such row. */
export function rowOf(
  heads: readonly HeadSpec[],
  index: number,
  output: string | null,
  at: At,
  text: BundleText,
): number {
  const head = heads[index] as HeadSpec;
  if (head.kind === 'image' || head.kind === 'onnx') {
    const found = output === null ? head.outputs[0] : head.outputs.find(({ name }) => name === output);
    if (found === undefined)
      throw text.error('MODEL_INVALID', [...at, 'output'], `the head "${head.name}" has no output "${output}"`);
    if (found.perTile)
      throw text.error(
        'MODEL_INVALID',
        at,
        `the output "${found.name}" of the head "${head.name}" has one value for each tile, and not one row for the slide`,
      );
    return found.columns;
  }
  if (output !== null)
    throw text.error(
      'MODEL_INVALID',
      at,
      `the head "${head.name}" gives one value; output and column are for ONNX heads`,
    );
  if (head.kind !== 'value') return 1;
  const image = heads[head.of.head] as ImageHeadSpec;
  const columns = image.outputs.find(({ name }) => name === head.of.output)?.columns ?? 1;
  if (columns !== 1 && at[0] === 'heads')
    throw text.error(
      'MODEL_INVALID',
      at,
      `the head "${head.name}" is one of ${columns} columns of the encoder "${image.name}"; read the whole row with "from": "features"`,
    );
  return 1;
}

/** Encoders of images, then the heads of the bundle. Throws MODEL_INVALID. */
export function headSpecs(
  json: BundleJson,
  names: Names,
  graphs: GraphList,
  images: readonly ImageHeadSpec[],
  text: BundleText,
): readonly HeadSpec[] {
  const reader = new HeadReader(json, names, graphs, text);
  const heads: readonly HeadSpec[] = [
    ...images,
    ...json.heads.map((head, i) => reader.head(head, ['heads', String(i)])),
  ];
  requireOrder(heads, (head) => reader.placeOf(head), text);
  reader.requireRows(heads);
  return heads;
}
