/** Columns of the metadata that a model reads. */

import type { ModelSpec } from '../spec.js';

/** Of the features that a head reads, and those that a head is chosen by; each once, in the order of the model. */
export function columnsOf({ clinical, heads }: Pick<ModelSpec, 'clinical' | 'heads'>): readonly string[] {
  const read = new Set<number>();
  const columns = new Set<string>();
  for (const head of heads) {
    if (head.kind === 'choose') columns.add(head.choice.column);
    if (head.kind !== 'onnx') continue;
    for (const input of head.inputs) if (input.from === 'clinical') for (const index of input.features) read.add(index);
  }
  const features = clinical.filter((_, index) => read.has(index)).map(({ column }) => column);
  return Object.freeze([...new Set([...features, ...columns])]);
}
