/** The models of the rows as files, made on first use. */
import { writeFile } from 'node:fs/promises';
import { mobileNetV3Small } from '../../test/support/models/mobilenet-v3-small.js';
import { cached } from '../workloads/cache.js';
import { denseSlide } from '../workloads/slides.js';
import { meanColour, resNet18, smallCnn } from './architectures.js';
import { calibrate } from './calibration.js';
import { fp32Graph } from './fp32-graph.js';
import { int8Graph } from './int8-graph.js';
import type { Layer } from './network.js';

const titles = {
  mobilenet: 'MobileNetV3-small',
  cnn: 'CNN of 30 MMAC',
  resnet: 'ResNet-18 fp32',
  'resnet-int8': 'ResNet-18 INT8',
  mean: 'mean colour',
} as const;

export type ModelName = keyof typeof titles;

export const modelTitle = (name: ModelName): string => titles[name];

const networks: Partial<Record<ModelName, () => readonly Layer[]>> = {
  cnn: smallCnn,
  resnet: resNet18,
  mean: meanColour,
};

/** Raised when the networks themselves change. */
const WEIGHTS = 1;

export async function modelFile(name: ModelName): Promise<string> {
  const file = (make: () => Promise<Buffer>): Promise<string> =>
    cached(`model-${name}`, 'onnx', [name, WEIGHTS], async (path) => writeFile(path, await make()));
  if (name === 'mobilenet') return file(async () => mobileNetV3Small());
  if (name === 'resnet-int8') {
    return file(async () => {
      const layers = resNet18();
      return int8Graph(layers, await calibrate(layers, (await denseSlide(2)).path));
    });
  }
  const network = networks[name];
  if (network === undefined) throw new Error(`no network ${name}`);
  return file(async () => fp32Graph(network()));
}
