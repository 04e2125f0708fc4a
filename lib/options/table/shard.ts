/** Options of one part of a run that many processes share: lib/shards. */
import type { OptionRow } from '../row.js';
import { maxShards } from './kinds.js';

const place = ['shard'] as const;

export const shardRows: readonly OptionRow[] = [
  {
    name: 'shard',
    in: place,
    kind: { type: 'object', typeName: 'ShardChoice' },
    doc: 'Which part of the run this process scores.',
    default: null,
    required: true,
    scores: 'no',
    heading: 'Files',
  },
  {
    name: 'shard.index',
    in: place,
    kind: { type: 'integer', min: 0, max: maxShards - 1 },
    doc: 'Which part of the run is scored, counted from 0.',
    default: null,
    required: true,
    scores: 'no',
    value: 'I',
    heading: 'Files',
  },
  {
    name: 'shard.count',
    in: place,
    kind: { type: 'integer', min: 1, max: maxShards },
    doc: 'How many parts the run is divided into; `output` is then the folder of the parts.',
    details:
      'Slides and images are divided by the bytes of their files, the largest first, so that all parts are of about one size.',
    default: null,
    required: true,
    scores: 'no',
    value: 'N',
    heading: 'Files',
  },
];
