/** The option objects of the API. */
import type { OptionPlace } from '../row.js';

export interface PlaceType {
  readonly place: OptionPlace;
  readonly typeName: string;
  readonly extends?: string;
  readonly doc: string;
  /** Words for the column "in" of docs/options.md. */
  readonly what: string;
}

export const placeTypes: readonly PlaceType[] = [
  { place: 'open', typeName: 'OpenOptions', doc: 'How {@link openSlide} opens a slide.', what: 'openSlide' },
  {
    place: 'region',
    typeName: 'RegionOptions',
    doc: 'What {@link Slide.readRegion} reads. Places and sizes are in pixels of the level; what lies outside the image is white.',
    what: 'slide.readRegion',
  },
  {
    place: 'stream',
    typeName: 'TilesOptions',
    doc: 'What {@link Slide.tiles} reads. Exactly one of `mpp` and `level` is given.',
    what: 'slide.tiles, slide.tensors',
  },
  {
    place: 'tensor',
    typeName: 'TensorsOptions',
    extends: 'TilesOptions',
    doc: 'What {@link Slide.tensors} reads, and how samples become model input: `(sample * scale - mean) / std` for each channel, in the order of `channels`.',
    what: 'slide.tensors',
  },
  {
    place: 'runtime',
    typeName: 'RuntimeOptions',
    doc: 'Which device, threads, memory and library scoring uses.',
    what: 'createScorer, scoreSlide',
  },
  {
    place: 'model',
    typeName: 'ModelOptions',
    doc: 'What a bundle would declare, for models that come without one. An .onnx file takes all of these; a WSInfer model takes `column`, `head`, `graphOutput` and `clip`; a bundle takes `clip`.',
    what: 'loadModel, createScorer, scoreSlide',
  },
  {
    place: 'slide',
    typeName: 'SlideScoreOptions',
    doc: 'What may differ from slide to slide.',
    what: 'createScorer, scorer.score, scoreSlide',
  },
  {
    place: 'scorer',
    typeName: 'ScorerOptions',
    extends: 'RuntimeOptions, ModelOptions, SlideScoreOptions',
    doc: 'How a {@link Scorer} is made. The slide options are defaults for each of its slides.',
    what: 'createScorer, scoreSlide',
  },
  {
    place: 'embed',
    typeName: 'FeatureOptions',
    doc: 'What {@link embedSlide} and {@link embedDirectory} write of each slide.',
    what: 'embedSlide, embedDirectory',
  },
  {
    place: 'files',
    typeName: 'SlideFileOptions',
    doc: 'Which files are written of what was found in a slide. Each is written whole, or not at all; a file that is there is not replaced.',
    what: 'scoreSlide',
  },
  { place: 'run', typeName: 'DirectoryOptions', doc: '', what: 'scoreDirectory' },
  { place: 'images', typeName: 'ImageOptions', doc: '', what: 'scoreImages' },
  {
    place: 'shard',
    typeName: 'ShardPlace',
    doc: 'Which part of a run is scored.',
    what: 'scoreShard, scoreImageShard',
  },
];
