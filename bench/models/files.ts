/** The models of the rows as files, made on first use. */
import { writeFile } from 'node:fs/promises';
import { mobileNetV3Small } from '../../test/support/models/mobilenet-v3-small.js';
import { cached } from '../workloads/cache.js';
import { denseSlide } from '../workloads/slides.js';
import { meanColour, resNet18, smallCnn } from './architectures.js';
import { calibrate } from './calibration.js';
import { fp32Graph } from './fp32-graph.js';
import { int8Graph } from './int8-graph.js';

const makers = {
  mobilenet: () => mobileNetV3Small(),
  cnn: () => fp32Graph(smallCnn()),
  resnet: () => fp32Graph(resNet18()),
  'resnet-int8': async () => int8Graph(resNet18(), await calibrate(resNet18(), (await denseSlide(2)).path)),
  mean: () => fp32Graph(meanColour()),
} as const;

export type ModelName = keyof typeof makers;

/** Raised when the networks themselves change. */
const WEIGHTS = 1;

export function modelFile(name: ModelName): Promise<string> {
  return cached(`model-${name}`, 'onnx', [name, WEIGHTS], async (path) => writeFile(path, await makers[name]()));
}
