/** Options of addresses: which store, as whom, how many requests, and what is kept on disk. */
import type { OptionRow } from '../row.js';
import * as kind from './kinds.js';

const reads = ['slide', 'run', 'images', 'open'] as const;
const heading = 'Object storage and HTTP' as const;

export const storageRows: readonly OptionRow[] = [
  {
    name: 'storage',
    in: reads,
    kind: { type: 'object', typeName: 'StorageOptions' },
    doc: 'How s3:// and https:// addresses are read and written.',
    details:
      'Credentials are no options: they come from where the AWS SDK finds them (environment, profile, role of the machine).',
    default: null,
    scores: 'no',
    heading,
  },
  {
    name: 'storage.region',
    in: reads,
    kind: kind.text,
    doc: 'Region of the buckets.',
    default: { text: 'what the AWS SDK finds; with `storage.endpoint` us-east-1' },
    scores: 'no',
    value: 'REGION',
    heading,
  },
  {
    name: 'storage.endpoint',
    in: reads,
    kind: {
      type: 'pattern',
      pattern: '^https?://[^/?#@\\s]+(/[^?#\\s]*)?$',
      what: 'an https:// or http:// address without a name, a password or a query',
    },
    doc: "Address of a store that speaks S3 and is not Amazon's.",
    default: { text: 'what the AWS SDK finds' },
    scores: 'no',
    value: 'URL',
    heading,
  },
  {
    name: 'storage.pathStyle',
    in: reads,
    kind: kind.boolean,
    doc: 'The bucket is in the path of a request, not in the name of the host.',
    default: { text: 'true with `storage.endpoint`' },
    scores: 'no',
    heading,
  },
  {
    name: 'storage.anonymous',
    in: reads,
    kind: kind.boolean,
    doc: 'Requests to s3:// are not signed, as for public data.',
    default: false,
    scores: 'no',
    heading,
  },
  {
    name: 'storage.requests',
    in: reads,
    kind: { type: 'integer', min: 1, max: 1024 },
    doc: 'Most requests at a time to one store or host.',
    default: 16,
    scores: 'no',
    heading,
  },
  {
    name: 'storage.retries',
    in: reads,
    kind: { type: 'integer', min: 0, max: 100 },
    doc: 'How often a request that failed is sent again: 5xx, 429, broken connections, bodies that are cut short or stall.',
    default: 5,
    scores: 'no',
    heading,
  },
  {
    name: 'storage.cacheFolder',
    in: reads,
    kind: kind.path,
    doc: 'Folder for blocks of slides that were read, so that they are not fetched again. Several processes may share it.',
    default: { text: 'nothing is kept' },
    scores: 'no',
    value: 'DIR',
    heading,
  },
  {
    name: 'storage.cacheBytes',
    in: reads,
    kind: { type: 'integer', min: kind.mebibyte, max: 2 ** 50, unit: 'bytes' },
    doc: 'Most bytes in `storage.cacheFolder`; the blocks that were not used for longest go first.',
    default: 10240 * kind.mebibyte,
    scores: 'no',
    heading,
  },
  {
    name: 'storage.workFolder',
    in: reads,
    kind: kind.path,
    doc: 'Folder for the journal and the unfinished table of a run whose `output` is an s3:// address. `resume` needs it again.',
    default: { text: 'microtome-work in the working directory' },
    scores: 'no',
    value: 'DIR',
    heading,
  },
];
