/** All rows, in the order of the table. */
import { aligned } from './aligned.js';
import { int8 } from './int8.js';
import { limit } from './limit.js';
import { readers } from './readers.js';
import { resnet } from './resnet.js';
import type { Row } from './row.js';
import { sharp } from './sharp.js';
import { sharpModels } from './sharp-models.js';
import { unaligned } from './unaligned.js';

export const rows: readonly Row[] = [aligned, unaligned, readers, limit, resnet, sharp, sharpModels, int8];
