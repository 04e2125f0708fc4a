/** Options of embedding: what is written of each slide. */
import type { OptionRow } from '../row.js';
import * as kind from './kinds.js';

const place = ['embed'] as const;

export const featureRows: readonly OptionRow[] = [
  {
    name: 'featureType',
    in: place,
    kind: { type: 'choice', values: ['float32', 'float16'], typeName: 'FeatureType' },
    doc: 'Type of the numbers in the file of features.',
    details:
      'float16 takes half of the space; numbers are rounded to the nearest one, and a slide with a number beyond 65504 fails (OUTPUT_OUT_OF_RANGE).',
    default: 'float32',
    scores: 'no',
    heading: 'Files',
  },
  {
    name: 'featureOutput',
    in: place,
    kind: kind.text,
    doc: 'Output of the model that the features are taken from, by its name in the bundle.',
    details: 'Of an .onnx file with several outputs, `graphOutput` chooses the one that is run.',
    default: { text: 'the only one' },
    scores: 'no',
    value: 'NAME',
    heading: 'Model',
  },
];
