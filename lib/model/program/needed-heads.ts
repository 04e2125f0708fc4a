/** Which heads a slide needs, once its metadata have chosen among them. */

import { chosen } from '../clinical/choice.js';
import type { ClinicalRow } from '../clinical/row-text.js';
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
 * Every head that an output needs, each after those that it reads; encoders of images come first. Iterative: a long chain
 * costs no stack. Throws CLINICAL_MISSING, CLINICAL_UNKNOWN.
 */
export function neededHeads({ heads, outputs }: ModelSpec, choice: HeadChoice): readonly number[] {
  const order = new Set<number>();
  const visit = (start: number): void => {
    const path: { readonly head: number; readonly left: number[] }[] = [];
    const enter = (head: number): void => {
      const spec = heads[head] as HeadSpec;
      if (!order.has(head)) path.push({ head, left: spec.kind === 'onnx' ? [...choice.before(spec)].reverse() : [] });
    };
    enter(start);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.left.pop();
      if (next !== undefined) enter(next);
      else {
        path.pop();
        order.add(last.head);
      }
    }
  };
  for (const { of } of outputs) for (const part of of) visit(choice.value(part).head);
  const isImage = (head: number): boolean => heads[head]?.kind === 'image';
  const all = [...order];
  return [...all.filter(isImage).sort((a, b) => a - b), ...all.filter((head) => !isImage(head))];
}
