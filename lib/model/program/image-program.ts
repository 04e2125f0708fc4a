/** A model to the program that scores images that are no slides. Pure. */

import { MicrotomeError } from '../../core/errors.js';
import type { ImageResize, NativeImageProgram, NativeSimpleHead } from '../../native/images.js';
import { contradiction } from '../../options/check.js';
import type { ModelSpec } from '../spec.js';
import { programParts } from './compile.js';

/** How images are resized where the model does not say. */
export const defaultImageResize: ImageResize = 'pil-bilinear';

/** What a model has that only a slide can give; null: nothing. */
function needsSlide({ tiles, images, clinical, colour, rules, heads, encoders }: ModelSpec): string | null {
  if (tiles.length !== 1) return `reads ${tiles.length} inputs of tiles; an image is one tile of one input`;
  if (images.length > 0) return 'reads pictures of whole slides';
  if (clinical.length > 0) return 'reads clinical values';
  if (colour?.stain != null) return 'fits the stain of a slide';
  if (colour?.icc === true) return 'converts the colours of a slide by its ICC profile';
  if (rules.length > 0) return 'has rules that choose among the tiles of a slide';
  const graph = heads.find(({ kind }) => kind !== 'simple');
  if (graph !== undefined) return `has the head "${graph.name}", which is no simple head of the tiles`;
  if (encoders.length !== 1) return `has ${encoders.length} encoders; images are scored by one`;
  const turned = encoders.find(({ turns }) => turns.some((turn) => turn !== 'identity'));
  if (turned !== undefined) return `turns the tiles of its encoder "${turned.name}"`;
  return null;
}

/**
 * Throws MODEL_MISMATCH for a model that needs a slide, and INVALID_OPTION where options must say more of a model that is no
 * bundle.
 */
export function imageProgramOf(
  spec: ModelSpec,
  path: string,
  settings: Pick<NativeImageProgram, 'batchSize' | 'reproducible'>,
): NativeImageProgram {
  if (spec.needsColumn !== null) throw contradiction(spec.needsColumn);
  const reason = needsSlide(spec);
  if (reason !== null)
    throw new MicrotomeError('MODEL_MISMATCH', 'options', `the model is for slides: it ${reason}`, {
      path,
      advice: 'score images with a model that reads one image by itself: one encoder, simple heads',
    });
  const input = spec.tiles[0]?.input;
  const { encoders, heads, outputs } = programParts(spec, [input?.sizePx ?? 0], false, null);
  return Object.freeze({
    encoder: encoders[0] as NativeImageProgram['encoder'],
    resize: input?.imageResize ?? defaultImageResize,
    heads: heads as readonly NativeSimpleHead[],
    outputs,
    ...settings,
  });
}
