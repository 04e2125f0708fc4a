/** Rows that are tensors already, through the graph of an encoder: what a client that preprocesses itself sends. */

import { runJob, throwIfAborted } from '../core/cancel.js';
import { fromNative, MicrotomeError, nativeJob } from '../core/errors.js';
import type { EncoderSpec } from '../model/spec.js';
import type { TensorInfo, TileInput } from '../model/model.js';
import type { NativeEngine } from '../native/contract.js';
import type { NativeImageProgram } from '../native/images.js';

/** The element types that rows may have: those that an engine's batches hold. */
export type RowType = 'float32' | 'float16' | 'uint8';

const rowTypes: readonly string[] = ['float32', 'float16', 'uint8'];

const bytesOfType: Readonly<Record<RowType, number>> = { float32: 4, float16: 2, uint8: 1 };

/** What rows gave. */
export interface TensorRows {
  /** By output of the graph: `columns` values for each row, after the activation; NaN for a row in `failures`. */
  readonly outputs: readonly { readonly tensor: string; readonly columns: number; readonly values: Float64Array }[];
  readonly failures: readonly { readonly index: number; readonly error: MicrotomeError }[];
}

/** An output of the graph, and what is done to its values. */
export interface TensorOutput extends TensorInfo {
  readonly activation: 'none' | 'sigmoid' | 'softmax';
}

export class TensorRunner {
  constructor(
    private readonly engine: NativeEngine,
    private readonly program: Omit<NativeImageProgram, 'rowShape' | 'keepRows'>,
    /** The graph's only input, with the batch as its first side. */
    readonly input: TensorInfo & { readonly type: RowType },
    readonly outputs: readonly TensorOutput[],
    /** Sides of one row, without the batch; -1: any. */
    readonly rowShape: readonly number[],
  ) {}

  /** Bytes of one row of this shape, which has no batch. */
  rowBytes(rowShape: readonly number[]): number {
    return rowShape.reduce((product, side) => product * side, bytesOfType[this.input.type]);
  }

  /**
   * Runs `rows` rows, which lie one after another in `data`, little-endian. Any number of calls may be under way at once.
   * Rejects with CANCELLED or the reason of the signal, and with a failure of the whole batch.
   */
  async run(data: Uint8Array, rows: number, rowShape: readonly number[], signal: AbortSignal): Promise<TensorRows> {
    throwIfAborted(signal);
    const batch = { kind: 'tensors', data, rows } as const;
    const program = { ...this.program, rowShape, keepRows: true };
    const found = await runJob(signal, () => nativeJob(() => this.engine.scoreImages(batch, program)));
    const failures = found.failures.map(({ index, error }) => ({ index, error: fromNative(error) }));
    return { outputs: found.rows, failures };
  }
}

function refused(found: string, path: string): MicrotomeError {
  return new MicrotomeError('MODEL_MISMATCH', 'options', `the model takes no rows of tensors: ${found}`, {
    path,
    advice: 'send rows to a model that has one input of float32, float16 or uint8, with the batch first',
  });
}

/** A bundle fixes what the graph may leave open. */
function tileShape({ layout, sizePx }: TileInput): readonly number[] {
  return layout === 'NCHW' ? [3, sizePx, sizePx] : [sizePx, sizePx, 3];
}

/** How rows are run, beside the graph. */
export type TensorSettings = Pick<NativeImageProgram, 'batchSize' | 'reproducible'>;

/**
 * The runner of one graph of an engine; `encoder` and `tile` are what a bundle says of it, null for a graph that nobody described: all
 * its outputs are given then, as they are. Throws MODEL_MISMATCH.
 */
export function tensorRunnerOn(
  engine: NativeEngine,
  encoder: EncoderSpec | null,
  tile: TileInput | null,
  settings: TensorSettings,
  path: string,
): TensorRunner {
  const graph = engine.models[encoder?.graph ?? 0];
  const input = graph?.inputs[0];
  if (graph === undefined || input === undefined || graph.inputs.length !== 1)
    throw refused(`it has ${graph?.inputs.length ?? 0} inputs, one is expected`, path);
  if (!rowTypes.includes(input.type)) throw refused(`its input "${input.name}" is ${input.type}`, path);
  if (input.shape.length < 2) throw refused(`its input "${input.name}" has ${input.shape.length} sides`, path);
  const outputs = encoder === null ? graph.outputs.map(({ name }) => declared(name)) : encoder.outputs;
  const type = input.type as RowType;
  return new TensorRunner(
    engine,
    {
      encoder: {
        name: encoder?.name ?? 'graph',
        graph: encoder?.graph ?? 0,
        input: 0,
        // Of a row that is a tensor already the type alone counts.
        format: { sizePx: 224, layout: 'NCHW', channels: 'RGB', type, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
        turns: ['identity'],
        outputs: outputs.map(({ tensor, activation }) => ({ tensor, activation })),
      },
      resize: 'pil-bilinear',
      heads: [],
      outputs: [],
      ...settings,
    },
    { ...input, type },
    outputs.map(({ tensor, activation }) => {
      const { type: of = 'float32', shape = [] } = graph.outputs.find(({ name }) => name === tensor) ?? {};
      return { name: tensor, type: of, shape, activation };
    }),
    tile === null ? input.shape.slice(1) : tileShape(tile),
  );
}

function declared(tensor: string): Pick<EncoderSpec['outputs'][number], 'tensor' | 'activation'> {
  return { tensor, activation: 'none' };
}
