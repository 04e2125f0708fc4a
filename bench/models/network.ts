/**
 * A convolutional network as a list of layers with its weights, from which the fp32 graph and the quantised one are
 * written. Weights are seeded: the same on every machine. Batch normalisation is folded away.
 */
import { Weights } from '../../test/support/onnx-writer.js';

/** Tensors by name; what a layer makes is the input of others. */
interface Window {
  readonly input: string;
  readonly output: string;
  readonly kernel: number;
  readonly stride: number;
}

interface Weighted {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/** Weights: [to, from, kernel, kernel]. */
export type Conv = Window & Weighted & { readonly kind: 'conv'; from: number; to: number; relu: boolean };
/** Sum of two tensors of one shape, and ReLU. */
export type Add = { readonly kind: 'add'; readonly inputs: readonly [string, string]; readonly output: string };
export type MaxPool = Window & { readonly kind: 'maxPool' };
/** Global mean, then a linear layer: always the last. Weights: [from, classes]. */
export type Head = Weighted & { readonly kind: 'head'; input: string; from: number; classes: number };

export type Layer = Conv | Add | MaxPool | Head;

export const INPUT = 'tiles';
export const OUTPUT = 'logits';
export const SIDE_PX = 224;

/** Appends layers; names of tensors come out. */
export class NetworkBuilder {
  readonly layers: Layer[] = [];
  private readonly random: Weights;
  private names = 0;

  constructor(seed: number) {
    this.random = new Weights(seed);
  }

  /** `gain` scales the weights: below 1 it keeps the sums of residual branches from growing. */
  conv(input: string, from: number, to: number, kernel: number, stride: number, relu = true, gain = 1): string {
    const output = this.name();
    // Uniform weights of this bound keep the variance through a ReLU.
    const bound = gain * Math.sqrt(6 / (from * kernel * kernel));
    const weights = this.values(to * from * kernel * kernel, bound);
    this.layers.push({
      ...{ kind: 'conv', input, output, from, to, kernel, stride, relu },
      weights,
      bias: this.values(to, 0.1),
    });
    return output;
  }

  add(a: string, b: string): string {
    const output = this.name();
    this.layers.push({ kind: 'add', inputs: [a, b], output });
    return output;
  }

  maxPool(input: string, kernel: number, stride: number): string {
    const output = this.name();
    this.layers.push({ kind: 'maxPool', input, output, kernel, stride });
    return output;
  }

  head(input: string, from: number, classes = 2): readonly Layer[] {
    const weights = this.values(from * classes, Math.sqrt(3 / from));
    this.layers.push({ kind: 'head', input, from, classes, weights, bias: this.values(classes, 0.1) });
    return this.layers;
  }

  private name(): string {
    return `t${this.names++}`;
  }

  private values(count: number, bound: number): Float32Array {
    return Float32Array.from({ length: count }, () => this.random.next() * bound);
  }
}
