/** Compares what a configuration says of a graph with the graph. */

import { MicrotomeError } from '../core/errors.js';
import type { TensorInfo } from '../model/model.js';
import type { ServingEngine } from '../scoring/serving-engine.js';
import type { DeclaredTensors } from './options.js';
import { datatypeOf } from './tensor-data.js';

function mismatch(found: string, path: string): MicrotomeError {
  return new MicrotomeError('MODEL_MISMATCH', 'options', found, { path });
}

function compare(what: string, declared: DeclaredTensors['inputs'], found: readonly TensorInfo[], path: string): void {
  for (const { name, datatype, shape } of declared) {
    const tensor = found.find((one) => one.name === name);
    if (tensor === undefined) throw mismatch(`the configuration has the ${what} "${name}", the graph has not`, path);
    if (datatypeOf(tensor.type) !== datatype)
      throw mismatch(`the ${what} "${name}" is ${datatype} in the configuration, the graph has ${tensor.type}`, path);
    // An exporter may leave the shape of an output out.
    const isSame =
      tensor.shape.length === 0 ||
      (tensor.shape.length === shape.length &&
        shape.every((side, i) => side < 0 || (tensor.shape[i] ?? -1) < 0 || side === tensor.shape[i]));
    if (!isSame)
      throw mismatch(
        `the ${what} "${name}" is [${shape.join(', ')}] in the configuration, the graph has [${tensor.shape.join(', ')}]`,
        path,
      );
  }
}

/** Throws MODEL_MISMATCH. */
export function checkDeclared({ inputs, outputs }: DeclaredTensors, engine: ServingEngine, path: string): void {
  if (!('can' in engine.tensors)) return;
  const runner = engine.tensors.can;
  compare('input', inputs, [runner.input], path);
  compare('output', outputs, runner.outputs, path);
}
