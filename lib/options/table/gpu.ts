/** Options of a GPU, and of the libraries that it needs. */
import type { OptionRow } from '../row.js';
import * as kind from './kinds.js';

const place = ['runtime', 'run', 'images'] as const;
/** Stored tiles of slides. */
const tilePlaces = ['runtime', 'run'] as const;
const heading = 'GPU';

/** What a score depends on is in the journal by what was in use, so that these options mean nothing on the CPU. */
export const gpuRows: readonly OptionRow[] = [
  {
    name: 'gpu',
    in: place,
    kind: { type: 'object', typeName: 'GpuOptions' },
    doc: 'How a GPU computes, and where its libraries are.',
    default: null,
    scores: 'byContent',
    heading,
  },
  {
    name: 'gpu.tf32',
    in: place,
    kind: kind.boolean,
    doc: 'Let the GPU round the factors of a product to 10 bits (TF32): faster from Ampere on, and other scores than on the CPU.',
    default: false,
    scores: 'byContent',
    heading,
  },
  {
    name: 'gpu.fp16',
    in: place,
    kind: kind.boolean,
    doc: 'Let TensorRT compute in half precision; CUDA takes the precision of the model.',
    default: false,
    scores: 'byContent',
    heading,
  },
  {
    name: 'gpu.graphs',
    in: place,
    kind: kind.boolean,
    doc: 'Record the work of a batch once as a CUDA graph and replay it; helps small networks on fast GPUs.',
    default: false,
    scores: 'no',
    heading,
  },
  {
    name: 'gpu.decode',
    in: tilePlaces,
    kind: { type: 'choice', values: ['auto', 'cpu', 'nvjpeg'], typeName: 'GpuDecode' },
    doc: 'Who decodes JPEG tiles for a GPU.',
    details:
      '`nvjpeg` needs `reproducible: false`, for its pixels are not those of libjpeg-turbo. `auto` takes it only then, only from compute capability 8.0 on, and only where a trial on the first batches is faster with it.',
    default: 'auto',
    scores: 'unlessReproducible',
    heading,
    native: { key: 'decode', always: true, enumeration: 'engine::GpuDecode' },
  },
  {
    name: 'gpu.memoryLimit',
    in: place,
    kind: { type: 'integer', min: 64 * kind.mebibyte, max: 2 ** 46, unit: 'bytes' },
    doc: 'Most memory that ONNX Runtime takes of each GPU.',
    default: { text: 'all that is free' },
    scores: 'no',
    heading,
    native: { key: 'memoryLimitBytes', none: 0 },
  },
  {
    name: 'gpu.cache',
    in: place,
    kind: kind.path,
    doc: 'Folder where TensorRT keeps the engines that it has built; one for each GPU, version and model.',
    details:
      'Without it every start builds them again, which takes minutes. Whoever can write to the folder decides what runs.',
    default: null,
    scores: 'no',
    heading,
  },
  {
    name: 'gpu.libraries',
    in: place,
    kind: kind.text,
    doc: "Folders that are searched first for the libraries of the GPU, separated by ':'.",
    default: { text: 'those of the environment variable MICROTOME_GPU_LIBRARIES' },
    scores: 'byContent',
    value: 'DIR[:DIR…]',
    heading,
  },
  {
    name: 'gpu.plugin',
    in: place,
    kind: kind.path,
    doc: "Library of the execution provider that `device: 'plugin:<name>'` names; needs ONNX Runtime 1.22 or newer.",
    default: null,
    scores: 'byContent',
    heading,
  },
];
