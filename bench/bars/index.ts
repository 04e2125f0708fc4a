/** All rows, in the order of the table. */
import { aligned } from './aligned.js';
import { glass } from './glass.js';
import { int8 } from './int8.js';
import { layouts } from './layouts.js';
import { limit } from './limit.js';
import { memory } from './memory.js';
import { micro } from './micro.js';
import { opening } from './opening.js';
import { readers } from './readers.js';
import { realTexture } from './real-texture.js';
import { reduction } from './reduction.js';
import { resnet } from './resnet.js';
import type { Row } from './row.js';
import { sharp } from './sharp.js';
import { sharpModels } from './sharp-models.js';
import { unaligned } from './unaligned.js';
import { visiomel } from './visiomel.js';
import { wsinfer } from './wsinfer.js';

export const rows: readonly Row[] = [
  aligned,
  unaligned,
  readers,
  limit,
  resnet,
  sharp,
  sharpModels,
  int8,
  wsinfer,
  glass,
  reduction,
  opening,
  memory,
  realTexture,
  layouts,
  visiomel,
  micro,
];
