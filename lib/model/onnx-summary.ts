/**
 * Reads the outline of an ONNX file without a runtime: its inputs and outputs, and every place where it names another
 * file. Walks the protobuf fields one by one with a window over the file, skipping the weights; time is linear in the
 * fields and memory is bounded whatever the file says. Hostile bytes end in MODEL_INVALID.
 */

import type { FileHandle } from 'node:fs/promises';

import { MicrotomeError } from '../core/errors.js';
import { GraphTail } from './graph-tail.js';
import type { GraphNode } from './graph-tail.js';
import type { ElementType } from '../native/names.js';

/** A graph input or output. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  /** -1: dynamic. null: the file does not say. */
  readonly shape: readonly number[] | null;
}

/** Weights outside the .onnx file. */
export interface ExternalData {
  readonly tensor: string;
  /** Path relative to the .onnx file, as the file gives it; null when it gives none. */
  readonly location: string | null;
  readonly offset: number;
  /** null: to the end of the file. */
  readonly length: number | null;
}

export interface OnnxSummary {
  /** Without those that have a value in the file already. */
  readonly inputs: readonly OnnxTensor[];
  readonly outputs: readonly OnnxTensor[];
  readonly external: readonly ExternalData[];
  /** True when a node refers to a compiled blob, which may be another file. */
  readonly hasCompiledNodes: boolean;
  /** By output: the operator that makes its values; outputs of which it is not known are left out. */
  readonly operators: ReadonlyMap<string, string>;
}

type Kind =
  | 'model'
  | 'training'
  | 'function'
  | 'graph'
  | 'node'
  | 'attribute'
  | 'tensor'
  | 'sparse'
  | 'entry'
  | 'value'
  | 'type'
  | 'tensorType'
  | 'shape'
  | 'dim'
  | 'text';

/** Which length-delimited fields are followed, by message and field number (onnx.proto). All others are skipped. */
const children: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 15: 'sparse' },
  node: { 1: 'text', 2: 'text', 4: 'text', 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  tensor: { 8: 'text', 13: 'entry' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  entry: { 1: 'text', 2: 'text' },
  value: { 1: 'text', 2: 'type' },
  type: { 1: 'tensorType' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'dim' },
  dim: {},
  text: {},
};

const elementTypes: Readonly<Record<number, ElementType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
};

/** Small, so that no more than a few milliseconds of parsing lie between two reads. */
const windowBytes = 2 ** 16;
const maxDepth = 100;
const maxTextBytes = 2 ** 16;
const maxNamed = 2 ** 20;
/** Outputs whose operator is looked for; a model has a handful. */
const maxAsked = 64;

/** A message that is being walked, and what was gathered from its fields. */
interface Frame {
  readonly kind: Kind;
  /** Field number in the parent. */
  readonly field: number;
  readonly end: number;
  readonly texts: Map<number, string>;
  readonly dims: number[];
  readonly entries: [key: string, value: string][];
  elementType: number;
  hasShape: boolean;
  isExternal: boolean;
  dim: number;
}

class OnnxWalk {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #size: number;
  #window = Buffer.alloc(0);
  #windowAt = 0;
  #at = 0;
  #hasGraph = false;
  readonly #stack: Frame[] = [];
  readonly #inputs: OnnxTensor[] = [];
  readonly #outputs: OnnxTensor[] = [];
  readonly #external: ExternalData[] = [];
  readonly #initialisers = new Set<string>();
  #hasCompiledNodes = false;
  readonly #tail = new GraphTail();

  constructor(handle: FileHandle, path: string, size: number) {
    this.#handle = handle;
    this.#path = path;
    this.#size = size;
  }

  async run(): Promise<OnnxSummary> {
    this.#push('model', 0, this.#size);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (this.#at === frame.end) {
        this.#stack.pop();
        this.#finish(frame);
      } else {
        // A tag and a length or value need at most 20 bytes.
        if (!this.#holds(20)) await this.#load();
        const pending = this.#field(frame);
        if (pending !== undefined) await pending;
      }
    }
    if (!this.#hasGraph) throw this.#fault('holds no graph: it is not an ONNX model');
    return {
      inputs: this.#inputs.filter((t) => !this.#initialisers.has(t.name)),
      outputs: this.#outputs,
      external: this.#external,
      hasCompiledNodes: this.#hasCompiledNodes,
      operators: this.#operators(),
    };
  }

  #operators(): ReadonlyMap<string, string> {
    const known = new Map<string, string>();
    for (const { name } of this.#outputs.slice(0, maxAsked)) {
      const operator = this.#tail.operatorOf(name);
      if (operator !== null) known.set(name, operator);
    }
    return known;
  }

  #fault(found: string): MicrotomeError {
    return new MicrotomeError('MODEL_INVALID', 'infer', `the file ${found}`, { path: this.#path });
  }

  #holds(bytes: number): boolean {
    const from = this.#at - this.#windowAt;
    const wanted = Math.min(bytes, this.#size - this.#at);
    return from >= 0 && from + wanted <= this.#window.length;
  }

  async #load(atLeast = 0): Promise<void> {
    const want = Math.min(Math.max(windowBytes, atLeast), this.#size - this.#at);
    const buffer = Buffer.allocUnsafe(want);
    let filled = 0;
    while (filled < want) {
      const { bytesRead } = await this.#handle.read(buffer, filled, want - filled, this.#at + filled);
      if (bytesRead === 0) throw this.#fault('became shorter while it was read');
      filled += bytesRead;
    }
    [this.#window, this.#windowAt] = [buffer, this.#at];
  }

  /** Signed 64-bit as a number; what is beyond 2^53 is only ever compared, never used as a size that fits. */
  #varint(end: number): number {
    let value = 0n;
    let small = 0;
    for (let i = 0; i < 10; ++i) {
      const byte = this.#at < end ? this.#window[this.#at - this.#windowAt] : undefined;
      if (byte === undefined) break;
      ++this.#at;
      if (i < 4) small += (byte & 0x7f) * 2 ** (7 * i);
      else value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return i < 4 ? small : Number(BigInt.asIntN(64, value | BigInt(small)));
    }
    throw this.#fault(`is not an ONNX model (a number is cut short or too long at byte ${this.#at})`);
  }

  /** One field. A promise only where the file must be read: a queue of settled ones would hold up the event loop. */
  #field(frame: Frame): Promise<void> | undefined {
    const tag = this.#varint(frame.end);
    const field = Math.floor(tag / 8);
    const wire = tag - field * 8;
    if (field < 1 || tag >= 2 ** 32)
      throw this.#fault(`is not an ONNX model (a field without a number at byte ${this.#at})`);
    if (wire === 0) this.#number(frame, field, this.#varint(frame.end));
    else if (wire === 1) this.#skip(frame, 8);
    else if (wire === 5) this.#skip(frame, 4);
    else if (wire === 2) return this.#bytes(frame, field, this.#varint(frame.end));
    else throw this.#fault(`is not an ONNX model (a field of unknown form at byte ${this.#at})`);
    return undefined;
  }

  #skip(frame: Frame, bytes: number): void {
    if (!(bytes >= 0 && bytes <= frame.end - this.#at))
      throw this.#fault(`is not an ONNX model, or is cut short (a field of ${bytes} bytes at byte ${this.#at})`);
    this.#at += bytes;
  }

  #bytes(frame: Frame, field: number, length: number): Promise<void> | undefined {
    const child = children[frame.kind][field];
    if (child === undefined || !(length >= 0 && length <= frame.end - this.#at) || isUnwanted(frame, field, length)) {
      this.#skip(frame, length);
    } else if (child === 'text') {
      if (length > maxTextBytes)
        throw this.#fault(`has a name of ${length} bytes, at most ${maxTextBytes} are expected`);
      if (!this.#holds(length)) return this.#load(length).then(() => this.#text(frame, field, length));
      this.#text(frame, field, length);
    } else {
      this.#push(child, field, this.#at + length);
    }
    return undefined;
  }

  #text(frame: Frame, field: number, length: number): void {
    const from = this.#at - this.#windowAt;
    frame.texts.set(field, this.#window.toString('utf8', from, from + length));
    this.#at += length;
  }

  #push(kind: Kind, field: number, end: number): void {
    if (this.#stack.length >= maxDepth) throw this.#fault(`nests its graphs more than ${maxDepth} messages deep`);
    this.#stack.push({
      kind,
      field,
      end,
      texts: new Map(),
      dims: [],
      entries: [],
      elementType: 0,
      hasShape: false,
      isExternal: false,
      dim: -1,
    });
  }

  #number(frame: Frame, field: number, value: number): void {
    if (frame.kind === 'tensorType' && field === 1) frame.elementType = value;
    else if (frame.kind === 'dim' && field === 1) frame.dim = value >= 0 && Number.isSafeInteger(value) ? value : -1;
    else if (frame.kind === 'tensor' && field === 14) frame.isExternal = value === 1;
  }

  /** Hands what a finished message gathered to its parent, or to the summary. */
  #finish(frame: Frame): void {
    const parent = this.#stack.at(-1);
    if (parent === undefined) return;
    switch (frame.kind) {
      case 'graph':
        if (parent.kind === 'model') this.#hasGraph = true;
        break;
      case 'node':
        if (frame.texts.get(4) === 'EPContext') this.#hasCompiledNodes = true;
        if (this.#isOfGraph(parent)) this.#tail.add(nodeOf(frame));
        break;
      case 'entry':
        parent.entries.push([frame.texts.get(1) ?? '', frame.texts.get(2) ?? '']);
        if (parent.entries.length > 100) throw this.#fault('has a tensor with more than 100 entries of external data');
        break;
      case 'tensor':
        this.#tensor(frame, parent);
        break;
      case 'value':
        this.#value(frame, parent);
        break;
      case 'dim':
        parent.dims.push(frame.dim);
        if (parent.dims.length > 64) throw this.#fault('has a tensor with more than 64 dimensions');
        break;
      case 'shape':
        parent.dims.splice(0, parent.dims.length, ...frame.dims);
        parent.hasShape = true;
        break;
      case 'tensorType':
      case 'type':
        [parent.elementType, parent.hasShape] = [frame.elementType, frame.hasShape];
        parent.dims.splice(0, parent.dims.length, ...frame.dims);
        break;
      default:
    }
  }

  /** True for what the model's own graph holds, not one inside a node. */
  #isOfGraph(parent: Frame): boolean {
    return this.#stack.length === 2 && parent.kind === 'graph' && parent.field === 7;
  }

  #tensor(frame: Frame, parent: Frame): void {
    const name = frame.texts.get(8) ?? '';
    if (this.#isOfGraph(parent)) this.#initialisers.add(name);
    // Entries without the flag count too: stricter than a runtime, and a file that has them is odd.
    if (!frame.isExternal && frame.entries.length === 0) return;
    const locations = frame.entries.filter(([key]) => key === 'location').map(([, value]) => value);
    const offset = Number(frame.entries.find(([key]) => key === 'offset')?.[1] ?? 0);
    const length = frame.entries.find(([key]) => key === 'length')?.[1];
    for (const location of locations.length > 0 ? locations : [null]) {
      this.#external.push({ tensor: name, location, offset, length: length === undefined ? null : Number(length) });
    }
    if (this.#external.length > maxNamed) throw this.#fault(`names external data more than ${maxNamed} times`);
  }

  #value(frame: Frame, parent: Frame): void {
    if (!this.#isOfGraph(parent)) return;
    const list = frame.field === 11 ? this.#inputs : this.#outputs;
    const type: ElementType =
      elementTypes[frame.elementType] ?? (frame.elementType === 0 ? 'not a tensor' : `type ${frame.elementType}`);
    list.push({ name: frame.texts.get(1) ?? '', type, shape: frame.hasShape ? [...frame.dims] : null });
    if (list.length > maxNamed) throw this.#fault(`has more than ${maxNamed} inputs or outputs`);
  }
}

/** Of a node's inputs and outputs only the first is read, and none that is longer than a name. */
function isUnwanted(frame: Frame, field: number, length: number): boolean {
  return frame.kind === 'node' && field <= 2 && (frame.texts.has(field) || length > maxTextBytes);
}

function nodeOf({ texts }: Frame): GraphNode {
  return { operator: texts.get(4) ?? '', input: texts.get(1) ?? '', output: texts.get(2) ?? '' };
}

/** The outline of the ONNX model in an open file. Throws MODEL_INVALID. */
export async function summariseOnnx(handle: FileHandle, path: string, sizeBytes: number): Promise<OnnxSummary> {
  return new OnnxWalk(handle, path, sizeBytes).run();
}
