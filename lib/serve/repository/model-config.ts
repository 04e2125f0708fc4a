/** The configuration of a model in a repository of Triton: what is written of it, and what is read. */

import type { Datatype } from '../../client/protocol.js';
import { isDatatype } from '../../client/element-types.js';
import { MicrotomeError } from '../../core/errors.js';
import { parsePbtxt, pbText, type PbMessage, type PbValue } from './pbtxt.js';

export interface ConfigTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** Without the batch where `maxBatchSize` is above 0; -1: any length. */
  readonly dims: readonly number[];
}

export interface ModelConfig {
  /** Null: the name of the folder. */
  readonly name: string | null;
  /** 0: the graph has no axis for a batch, or a fixed one, and `dims` are whole. */
  readonly maxBatchSize: number;
  readonly inputs: readonly ConfigTensor[];
  readonly outputs: readonly ConfigTensor[];
  readonly modelFile: string;
}

/** What Triton is asked to do beyond that. */
export interface TritonSettings {
  /** Microseconds that a request waits for others. */
  readonly queueDelayMicroseconds: number;
  /** Copies of the model; of a GPU, on each. */
  readonly instances: number;
  readonly instanceKind: 'KIND_AUTO' | 'KIND_CPU' | 'KIND_GPU';
  /** Have ONNX Runtime use TensorRT, with this precision; null: not. */
  readonly tensorRt: 'FP32' | 'FP16' | null;
}

const defaultFile = 'model.onnx';

function typeName(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}

function tensorText(kind: string, { name, datatype, dims }: ConfigTensor): readonly string[] {
  return [
    `${kind} {`,
    `  name: ${pbText(name)}`,
    `  data_type: ${typeName(datatype)}`,
    `  dims: [ ${dims.join(', ')} ]`,
    '}',
  ];
}

/** The text of config.pbtxt. */
export function configText(config: ModelConfig, triton: TritonSettings): string {
  const { name, maxBatchSize, inputs, outputs, modelFile } = config;
  const { queueDelayMicroseconds, instances, instanceKind, tensorRt } = triton;
  return [
    ...(name === null ? [] : [`name: ${pbText(name)}`]),
    'backend: "onnxruntime"',
    `max_batch_size: ${maxBatchSize}`,
    ...(modelFile === defaultFile ? [] : [`default_model_filename: ${pbText(modelFile)}`]),
    ...inputs.flatMap((tensor) => tensorText('input', tensor)),
    ...outputs.flatMap((tensor) => tensorText('output', tensor)),
    ...(maxBatchSize === 0
      ? []
      : ['dynamic_batching {', `  max_queue_delay_microseconds: ${queueDelayMicroseconds}`, '}']),
    `instance_group {`,
    `  count: ${instances}`,
    `  kind: ${instanceKind}`,
    '}',
    ...(tensorRt === null
      ? []
      : [
          'optimization {',
          '  execution_accelerators {',
          '    gpu_execution_accelerator {',
          '      name: "tensorrt"',
          `      parameters { key: "precision_mode" value: ${pbText(tensorRt)} }`,
          '    }',
          '  }',
          '}',
        ]),
    '',
  ].join('\n');
}

function refuse(found: string, path: string): MicrotomeError {
  return new MicrotomeError('MODEL_INVALID', 'options', `the configuration ${found}`, { path });
}

function single(message: PbMessage, name: string, path: string): PbValue | undefined {
  const values = message.fields.get(name) ?? [];
  if (values.length > 1) throw refuse(`has the field ${name} more than once`, path);
  return values[0];
}

function textOf(message: PbMessage, name: string, path: string): string | null {
  const value = single(message, name, path);
  if (value === undefined) return null;
  if (typeof value !== 'string') throw refuse(`has a field ${name} that is no string`, path);
  return value;
}

function messages(message: PbMessage, name: string, path: string): readonly PbMessage[] {
  return (message.fields.get(name) ?? []).map((value) => {
    if (typeof value === 'object' && 'fields' in value) return value;
    throw refuse(`has a field ${name} that is no message`, path);
  });
}

function dimsOf(message: PbMessage, path: string): readonly number[] {
  const dims = message.fields.get('dims') ?? [];
  for (const side of dims)
    if (!Number.isSafeInteger(side) || ((side as number) < 1 && side !== -1))
      throw refuse('has dims that are no lengths', path);
  if (dims.length > 8) throw refuse(`has a tensor of ${dims.length} sides`, path);
  return dims as readonly number[];
}

/** Fields of an input or an output that change what a request means, and are not done here. */
const unsupported = ['reshape', 'is_shape_tensor', 'allow_ragged_batch', 'optional'];

function tensorOf(message: PbMessage, path: string): ConfigTensor {
  const name = textOf(message, 'name', path);
  if (name === null || name === '') throw refuse('has a tensor without a name', path);
  const other = unsupported.find((field) => message.fields.has(field));
  if (other !== undefined) throw refuse(`has the field ${other} for "${name}", which is not supported`, path);
  const type = single(message, 'data_type', path);
  const word = typeof type === 'object' && 'word' in type ? type.word.replace(/^TYPE_/, '') : '';
  const datatype = word === 'STRING' ? 'BYTES' : word;
  if (!isDatatype(datatype)) throw refuse(`has no known data_type for "${name}"`, path);
  return { name, datatype, dims: dimsOf(message, path) };
}

/** Reads the text of a config.pbtxt. `ignored` are its other fields. Throws MODEL_INVALID. */
export function parseConfig(text: string, path: string): ModelConfig & { readonly ignored: readonly string[] } {
  const message = parsePbtxt(text, path);
  const backend = textOf(message, 'backend', path);
  const platform = textOf(message, 'platform', path);
  if (backend !== 'onnxruntime' && platform !== 'onnxruntime_onnx')
    throw refuse(`is for the backend ${JSON.stringify(backend ?? platform ?? '')}, not for onnxruntime`, path);
  const maxBatchSize = single(message, 'max_batch_size', path) ?? 0;
  if (!Number.isSafeInteger(maxBatchSize) || (maxBatchSize as number) < 0)
    throw refuse('has a max_batch_size that is no whole number from 0', path);
  const modelFile = textOf(message, 'default_model_filename', path) ?? defaultFile;
  if (!/^[\w][\w.-]*$/.test(modelFile)) throw refuse('has a default_model_filename that is no plain name', path);
  const used = ['name', 'backend', 'platform', 'max_batch_size', 'default_model_filename', 'input', 'output'];
  for (const field of ['sequence_batching', 'ensemble_scheduling', 'model_transaction_policy'])
    if (message.fields.has(field)) throw refuse(`has ${field}, which is not supported`, path);
  return {
    name: textOf(message, 'name', path),
    maxBatchSize: maxBatchSize as number,
    inputs: messages(message, 'input', path).map((tensor) => tensorOf(tensor, path)),
    outputs: messages(message, 'output', path).map((tensor) => tensorOf(tensor, path)),
    modelFile,
    ignored: [...message.fields.keys()].filter((field) => !used.includes(field)),
  };
}
