/** One model of the server: what it says of itself, and how a request becomes rows of batches and an answer. */

import { imageInputName, type Datatype, type ModelMetadata, type TensorMetadata } from '../client/protocol.js';
import { foundBy, MicrotomeError } from '../core/errors.js';
import type { ImageRows, ImageScorer } from '../scoring/image-scorer.js';
import type { Able, ServingEngine } from '../scoring/serving-engine.js';
import type { TensorRows, TensorRunner } from '../scoring/tensor-runner.js';
import { badRequest, HttpError, tooLarge } from './http-error.js';
import type { InferRequest, InputTensor } from './infer-request.js';
import { Joiner, type Part, type PartToRun } from './joiner.js';
import type { ServerLimits } from './options.js';
import { byteItems, datatypeOf, numberBytes, type OutputTensor } from './tensor-data.js';

/** The only version of every model. */
export const modelVersion = '1';

export interface ServedModelOptions {
  readonly name: string;
  readonly engine: ServingEngine;
  readonly limits: ServerLimits;
  /** Null: as many as a batch of the model. */
  readonly batchRows: number | null;
  readonly delayMs: number;
  readonly onBatch: (rows: number, requests: number) => void;
}

/** What a request gave. */
export interface Inferred {
  readonly outputs: readonly OutputTensor[];
  /** What was found in images, or done to values: sentences. */
  readonly notes: readonly string[];
  readonly rows: number;
}

interface TensorPayload {
  readonly data: Uint8Array;
  readonly rowShape: readonly number[];
  readonly rowBytes: number;
}

/** Codes that blame what the client sent, and the status that says so. */
const blamed: Readonly<Record<string, number>> = {
  IMAGES_INVALID: 400,
  TRUNCATED: 400,
  CORRUPT_TILE: 400,
  UNSUPPORTED_COMPRESSION: 400,
  UNSUPPORTED_PIXELS: 400,
  LIMIT_EXCEEDED: 413,
  INVALID_OPTION: 400,
};

/** The failure of a row, for the client. Anything that is not the fault of the row goes on as it is. */
function failureOf(error: MicrotomeError, row: number, what: string): unknown {
  const status = blamed[error.code];
  // The output may be no number because of the row: it is told, and is nobody's secret.
  if (status === undefined && error.code !== 'OUTPUT_NOT_FINITE') return error;
  return new HttpError(status ?? 422, `${what} ${row}: ${error.code}: ${foundBy(error)}`);
}

function able<T>(what: Able<T>, name: string): T {
  if ('can' in what) return what.can;
  throw badRequest(`the model ${name} cannot do this: ${foundBy(what.cannot)}`);
}

export class ServedModel {
  readonly metadata: ModelMetadata;
  readonly #images: Joiner<readonly Uint8Array[], ImageRows>;
  readonly #tensors: Joiner<TensorPayload, TensorRows>;

  constructor(private readonly o: ServedModelOptions) {
    const { engine, name } = o;
    const joining = {
      batchRows: o.batchRows ?? engine.batchSize,
      // One that runs on each worker, and one that is ready when they are. An engine takes up four jobs at a time.
      batches: Math.min(4, engine.threads + 1),
      delayMs: o.delayMs,
      onBatch: o.onBatch,
    };
    this.#images = new Joiner({ ...joining, run: (parts, _, signal) => this.#runImages(parts, signal) });
    this.#tensors = new Joiner({ ...joining, run: (parts, rows, signal) => this.#runTensors(parts, rows, signal) });
    this.metadata = {
      name,
      versions: [modelVersion],
      platform: 'onnxruntime_onnx',
      inputs: this.#inputs(),
      outputs: this.#outputs(),
    };
  }

  get name(): string {
    return this.o.name;
  }

  get engine(): ServingEngine {
    return this.o.engine;
  }

  get waitingRows(): number {
    return this.#images.waitingRows + this.#tensors.waitingRows;
  }

  #inputs(): readonly TensorMetadata[] {
    const { images, tensors } = this.engine;
    const inputs: TensorMetadata[] = [];
    if ('can' in tensors) {
      const { input, rowShape } = tensors.can;
      inputs.push({ name: input.name, datatype: datatypeOf(input.type), shape: [-1, ...rowShape] });
    }
    if ('can' in images) inputs.push({ name: imageInputName, datatype: 'BYTES', shape: [-1] });
    return inputs;
  }

  /** Of tensors, then of images. A name that both have is listed once, as tensors have it. */
  #outputs(): readonly TensorMetadata[] {
    const { images, tensors } = this.engine;
    const byName = new Map<string, TensorMetadata>();
    if ('can' in tensors)
      for (const { name, type, shape } of tensors.can.outputs)
        byName.set(name, { name, datatype: datatypeOf(type), shape: [-1, ...shape.slice(1)] });
    if ('can' in images)
      for (const { name } of images.can.model.outputs)
        if (!byName.has(name)) byName.set(name, { name, datatype: 'FP64', shape: [-1] });
    return [...byName.values()];
  }

  /** Rejects with an HttpError for what is wrong with the request, and with a MicrotomeError for all else. */
  async infer(request: InferRequest, signal: AbortSignal): Promise<Inferred> {
    const [input, more] = request.inputs;
    if (input === undefined || more !== undefined)
      throw badRequest(`the model ${this.name} takes one input, the request has ${request.inputs.length}`);
    if (input.datatype === 'BYTES') return this.#inferImages(input, request, signal);
    return this.#inferTensors(input, request, signal);
  }

  #requireRows(rows: number): void {
    const { limits } = this.o;
    if (rows > limits.rows) throw tooLarge(`the request has ${rows} rows, the most is ${limits.rows}`);
  }

  #requireName(input: InputTensor, name: string): void {
    if (input.name === name) return;
    const names = this.metadata.inputs.map(({ name: one, datatype }) => `${one} (${datatype})`).join(', ');
    throw badRequest(
      `the model ${this.name} has no input ${JSON.stringify(input.name)} of ${input.datatype}: ${names}`,
    );
  }

  async #inferImages(input: InputTensor, request: InferRequest, signal: AbortSignal): Promise<Inferred> {
    const scorer = able<ImageScorer>(this.engine.images, this.name);
    this.#requireName(input, imageInputName);
    const [rows = 0, ...rest] = input.shape;
    if (input.shape.length === 0 || rest.some((side) => side !== 1) || rest.length > 1)
      throw badRequest(`the shape of ${JSON.stringify(input.name)} is [images] or [images, 1]`);
    this.#requireRows(rows);
    const names = requested(
      request,
      scorer.model.outputs.map(({ name }) => name),
    );
    const parts = await this.#images.submit(byteItems(input, rows), rows, '', signal);
    const notes: string[] = [];
    const values = new Map(names.map((name) => [name, new Float64Array(rows)]));
    for (const part of parts) {
      const inPart = (index: number): number => index - part.offset + part.first;
      const isOurs = (index: number): boolean => index >= part.offset && index < part.offset + part.count;
      const failure = part.result.failures.find(({ index }) => isOurs(index));
      if (failure !== undefined) throw failureOf(failure.error, inPart(failure.index), 'image');
      for (const { index, note } of part.result.notes) if (isOurs(index)) notes.push(`image ${inPart(index)}: ${note}`);
      for (const index of part.result.clipped)
        if (isOurs(index)) notes.push(`image ${inPart(index)}: a value was held to its range`);
      for (const [name, all] of values)
        all.set((part.result.outputs.get(name) ?? none).subarray(part.offset, part.offset + part.count), part.first);
    }
    const outputs = [...values].map(
      ([name, all]): OutputTensor => ({ name, datatype: 'FP64', shape: [...input.shape], values: all }),
    );
    return { outputs, notes, rows };
  }

  async #inferTensors(input: InputTensor, request: InferRequest, signal: AbortSignal): Promise<Inferred> {
    const runner = able<TensorRunner>(this.engine.tensors, this.name);
    this.#requireName(input, runner.input.name);
    const wanted = datatypeOf(runner.input.type);
    if (input.datatype !== wanted)
      throw badRequest(`the input ${JSON.stringify(input.name)} is ${wanted}, the request has ${input.datatype}`);
    const [rows = 0, ...rowShape] = input.shape;
    requireShape(input, runner.rowShape);
    this.#requireRows(rows);
    const names = requested(
      request,
      runner.outputs.map(({ name }) => name),
    );
    const payload = { data: numberBytes(input), rowShape, rowBytes: runner.rowBytes(rowShape) };
    const parts = await this.#tensors.submit(payload, rows, rowShape.join('x'), signal);
    for (const { result, offset, count, first } of parts) {
      const failure = result.failures.find(({ index }) => index >= offset && index < offset + count);
      if (failure !== undefined) throw failureOf(failure.error, failure.index - offset + first, 'row');
    }
    return { outputs: names.map((name) => tensorOutput(name, runner, parts, rows)), notes: [], rows };
  }

  #runImages(parts: readonly PartToRun<readonly Uint8Array[]>[], signal: AbortSignal): Promise<ImageRows> {
    const images = parts.flatMap(({ payload, first, count }) => payload.slice(first, first + count));
    return able<ImageScorer>(this.engine.images, this.name).score({ kind: 'bytes', images }, { signal });
  }

  #runTensors(parts: readonly PartToRun<TensorPayload>[], rows: number, signal: AbortSignal): Promise<TensorRows> {
    const rowBytes = parts[0]?.payload.rowBytes ?? 0;
    const slices = parts.map(({ payload: { data }, first, count }) =>
      data.subarray(first * rowBytes, (first + count) * rowBytes),
    );
    const [only] = slices;
    const data = slices.length === 1 && only !== undefined ? only : Buffer.concat(slices);
    const plain = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return able(this.engine.tensors, this.name).run(plain, rows, parts[0]?.payload.rowShape ?? [], signal);
  }

  /** Ends what runs, and frees the model. */
  async close(reason: unknown): Promise<void> {
    this.#images.close(reason);
    this.#tensors.close(reason);
    await this.engine.close();
  }
}

const none = new Float64Array(0);

/** The names of the outputs that are wanted. Throws an HttpError for one that is not there. */
function requested({ outputs }: InferRequest, known: readonly string[]): readonly string[] {
  if (outputs === null) return known;
  return outputs.map(({ name }) => {
    if (known.includes(name)) return name;
    throw badRequest(`there is no output ${JSON.stringify(name)} of this input; there are: ${known.join(', ')}`);
  });
}

function requireShape({ name, shape }: InputTensor, rowShape: readonly number[]): void {
  const rest = shape.slice(1);
  const fits =
    rest.length === rowShape.length &&
    rowShape.every((side, i) => side === rest[i] || (side < 0 && (rest[i] ?? 0) > 0));
  if (fits && shape.length > 0) return;
  const wanted = ['rows', ...rowShape.map((side) => (side < 0 ? 'any' : side))].join(', ');
  throw badRequest(`the shape of ${JSON.stringify(name)} is [${wanted}], the request has [${shape.join(', ')}]`);
}

/** The shape that the graph declares, where its lengths agree with what came; else one row of values. */
function outputShape(shape: readonly number[], rows: number, columns: number): readonly number[] {
  const rest = shape.slice(1);
  const known = rest.filter((side) => side > 0).reduce((product, side) => product * side, 1);
  const open = rest.filter((side) => side <= 0).length;
  if (shape.length === 0 || (open === 0 && known !== columns) || open > 1 || columns % known !== 0)
    return [rows, columns];
  return [rows, ...rest.map((side) => (side > 0 ? side : columns / known))];
}

function tensorOutput(
  name: string,
  runner: TensorRunner,
  parts: readonly Part<TensorPayload, TensorRows>[],
  rows: number,
): OutputTensor {
  const of = (part: Part<TensorPayload, TensorRows>) => part.result.outputs.find(({ tensor }) => tensor === name);
  const first = parts[0] === undefined ? undefined : of(parts[0]);
  const columns = first?.columns ?? 0;
  const values = new Float64Array(rows * columns);
  for (const part of parts) {
    const found = of(part);
    if (found?.columns !== columns)
      throw new MicrotomeError('OUTPUT_SHAPE', 'infer', `the output "${name}" has rows of several lengths`);
    values.set(
      found.values.subarray(part.offset * columns, (part.offset + part.count) * columns),
      part.first * columns,
    );
  }
  const { type = 'float32', shape = [] } = runner.outputs.find((output) => output.name === name) ?? {};
  const datatype = datatypeOf(type) as Exclude<Datatype, 'BYTES'>;
  return { name, datatype, shape: outputShape(shape, rows, columns), values };
}
