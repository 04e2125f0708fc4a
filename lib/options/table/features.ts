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
    flag: 'dtype',
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
  {
    name: 'pool',
    in: place,
    kind: { type: 'choice', values: ['cls', 'mean', 'none'], typeName: 'FeaturePool' },
    doc: 'What becomes of the tokens that a vision transformer gives for each tile.',
    details:
      'cls: the first token, the class token. mean: the mean of the tokens after the first `poolSkip`. none: all tokens are written. Must be given where the output of the model is a list of tokens; an output that is one row of numbers takes no other value than none.',
    default: { text: 'none; must be given for a list of tokens' },
    scores: 'no',
    heading: 'Model',
  },
  {
    name: 'poolSkip',
    in: place,
    kind: { type: 'integer', min: 0, max: 1000000 },
    doc: 'For `pool` mean: how many leading tokens are left out: the class token, and registers where the model has them.',
    default: 1,
    only: { option: 'pool', is: 'mean' },
    scores: 'no',
    heading: 'Model',
  },
];
