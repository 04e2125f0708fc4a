/** Which heads a slide needs, once its metadata have chosen among them. */

import { MicrotomeError } from '../../core/errors.js';
import { chosen } from '../clinical/choice.js';
import type { ClinicalRow } from '../clinical/row-text.js';
import { headsInOrder } from '../head-walk.js';
import type { HeadPart, HeadSpec, ModelSpec, OnnxHeadSpec } from '../spec.js';

/** A value in the row of a head that runs. */
export interface FinalValue {
  readonly head: number;
  readonly output: number;
  readonly column: number;
}

export class HeadChoice {
  readonly #final = new Map<number, number>();

  constructor(
    private readonly heads: readonly HeadSpec[],
    private readonly row: ClinicalRow | null,
  ) {}

  /** The head that a head stands for. Throws CLINICAL_MISSING, CLINICAL_UNKNOWN. */
  final(index: number): number {
    const known = this.#final.get(index);
    if (known !== undefined) return known;
    let at = index;
    for (let head = this.heads[at]; head?.kind === 'choose'; head = this.heads[at])
      at = chosen(head.choice, this.row, `the head "${head.name}" of the model`);
    this.#final.set(index, at);
    return at;
  }

  /** `output` null: the first one. */
  value({ head, output, column }: Pick<HeadPart, 'head' | 'output' | 'column'>): FinalValue {
    const at = this.final(head);
    const spec = this.heads[at] as HeadSpec;
    if (spec.kind === 'value') return this.value(spec.of);
    if (spec.kind !== 'image' && spec.kind !== 'onnx') return { head: at, output: 0, column: 0 };
    const index = output === null ? 0 : spec.outputs.findIndex(({ name }) => name === output);
    return { head: at, output: index, column };
  }

  /** The heads that an ONNX head reads. */
  before(spec: OnnxHeadSpec): readonly number[] {
    return spec.inputs.flatMap((input) => (input.from === 'head' ? [this.value({ ...input, column: 0 }).head] : []));
  }
}

/**
 * Every head that an output needs, each after those that it reads; encoders of images come first. Throws CLINICAL_MISSING, CLINICAL_UNKNOWN.
 */
export function neededHeads({ heads, outputs }: ModelSpec, choice: HeadChoice): readonly number[] {
  const starts = outputs.flatMap(({ of }) => of.map((part) => choice.value(part).head));
  const before = (head: number): readonly number[] => {
    const spec = heads[head] as HeadSpec;
    return spec.kind === 'onnx' ? choice.before(spec) : [];
  };
  const all = headsInOrder(starts, before, () => {
    throw new MicrotomeError('INTERNAL', 'options', 'heads read one another in a circle');
  });
  const isImage = (head: number): boolean => heads[head]?.kind === 'image';
  return [...all.filter(isImage).sort((a, b) => a - b), ...all.filter((head) => !isImage(head))];
}
