/** All rows, in the order of the table. */
import { aligned } from './aligned.js';
import { drivers } from './drivers.js';
import { embed } from './embed.js';
import { glass } from './glass.js';
import { images } from './images.js';
import { int8 } from './int8.js';
import { lateBytes } from './late-bytes.js';
import { limit } from './limit.js';
import { memory } from './memory.js';
import { onePass } from './one-pass.js';
import { opening } from './opening.js';
import { readers } from './readers.js';
import { reduction } from './reduction.js';
import { remote } from './remote.js';
import { resnet } from './resnet.js';
import type { Row } from './row.js';
import { serve } from './serve.js';
import { sharp } from './sharp.js';
import { sharpModels } from './sharp-models.js';
import { unaligned } from './unaligned.js';
import { wsinfer } from './wsinfer.js';

export const rows: readonly Row[] = [
  aligned,
  unaligned,
  readers,
  drivers,
  limit,
  resnet,
  onePass,
  sharp,
  sharpModels,
  int8,
  wsinfer,
  embed,
  glass,
  reduction,
  opening,
  memory,
  lateBytes,
  remote,
  images,
  serve,
];
