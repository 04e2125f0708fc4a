/** The one table of options. To add an option, add its row to a group in table/ and run: node scripts/generate-options.mjs */
import type { OptionRow } from './row.js';
import { featureRows } from './table/features.js';
import { fileRows } from './table/files.js';
import { gpuRows } from './table/gpu.js';
import { driverRows, limitRows, runtimeRows } from './table/machine.js';
import { modelRows } from './table/model.js';
import { regionRows, streamRows, tensorRows } from './table/pixels.js';
import { imageRows, runRows } from './table/run.js';
import { shardRows } from './table/shard.js';
import { gridRows, handlingRows, tissueRows, workRows } from './table/slide.js';
import { storageRows } from './table/storage.js';

export const optionRows: readonly OptionRow[] = [
  ...modelRows,
  ...runRows,
  ...imageRows,
  ...shardRows,
  ...fileRows,
  ...gridRows,
  ...tissueRows,
  ...workRows,
  ...handlingRows,
  ...runtimeRows,
  ...driverRows,
  ...gpuRows,
  ...limitRows,
  ...storageRows,
  ...regionRows,
  ...streamRows,
  ...tensorRows,
  ...featureRows,
];
