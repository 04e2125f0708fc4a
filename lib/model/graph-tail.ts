/**
 * The last nodes of a graph: enough to tell which operator makes an output, for better words. ONNX lists nodes in the order
 * in which they run, so what makes an output is nearly always among the last ones; where it is not, nothing is told.
 */

export interface GraphNode {
  readonly operator: string;
  /** Its first input and its first output. */
  readonly input: string;
  readonly output: string;
}

const keptNodes = 256;

/** These give the values that they take, in another shape or type. */
const passing: ReadonlySet<string> = new Set([
  'Cast',
  'Dropout',
  'Flatten',
  'Identity',
  'Reshape',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

export class GraphTail {
  readonly #nodes: GraphNode[] = [];

  add(node: GraphNode): void {
    this.#nodes.push(node);
    if (this.#nodes.length >= 2 * keptNodes) this.#nodes.splice(0, keptNodes);
  }

  /** The operator that makes the values of a tensor; null where it is not known. */
  operatorOf(tensor: string): string | null {
    let wanted = tensor;
    for (const { operator, input, output } of this.#nodes.toReversed()) {
      if (output !== wanted) continue;
      if (!passing.has(operator)) return operator;
      wanted = input;
    }
    return null;
  }
}
