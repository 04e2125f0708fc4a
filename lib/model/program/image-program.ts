/** A model to the program that scores images that are no slides. Pure. */

import { MicrotomeError } from '../../core/errors.js';
import type { ImageResize, NativeImageProgram } from '../../native/images.js';
import { contradiction } from '../../options/check.js';
import type { ModelSpec } from '../spec.js';
import { ClinicalVectors } from '../clinical/vectors.js';
import { imageProgramParts } from './compile.js';

/** How images are resized where the model does not say. */
export const defaultImageResize: ImageResize = 'pil-bilinear';

/** What a model has that only a slide can give; null: nothing. */
function needsSlide({ tiles, images, colour, rules, heads, encoders }: ModelSpec): string | null {
  if (tiles.length !== 1) return `reads ${tiles.length} inputs of tiles; an image is one tile of one input`;
  if (images.length > 0) return 'reads pictures of whole slides';
  if (colour?.stain != null) return 'fits the stain of a slide';
  if (colour?.icc === true) return 'converts the colours of a slide by its ICC profile';
  if (rules.length > 0) return 'has rules that choose among the tiles of a slide';
  const choice = heads.find(({ kind }) => kind === 'choose');
  if (choice !== undefined) return `chooses the head "${choice.name}" by a value of the metadata`;
  const places = heads.find((head) => head.kind === 'onnx' && head.inputs.some(({ from }) => from === 'coordinates'));
  if (places !== undefined) return `reads places of tiles in its head "${places.name}"`;
  const perTile = heads.find((head) => head.kind === 'onnx' && head.outputs.some((output) => output.perTile));
  if (perTile !== undefined) return `has values for each tile in its head "${perTile.name}"`;
  if (encoders.length !== 1) return `has ${encoders.length} encoders; images are scored by one`;
  const turned = encoders.find(({ turns }) => turns.some((turn) => turn !== 'identity'));
  if (turned !== undefined) return `turns the tiles of its encoder "${turned.name}"`;
  return null;
}

/** What the engine runs, and how the values of the metadata get into it. */
export interface ImageProgram {
  readonly native: NativeImageProgram;
  /** Null: the model reads no clinical values. */
  readonly clinical: ClinicalVectors | null;
}

/**
 * Throws MODEL_MISMATCH for a model that needs a slide, and INVALID_OPTION where options must say more of a model that is no
 * bundle.
 */
export function imageProgramOf(
  spec: ModelSpec,
  path: string,
  settings: Pick<NativeImageProgram, 'batchSize' | 'reproducible'>,
): ImageProgram {
  if (spec.needsColumn !== null) throw contradiction(spec.needsColumn);
  const reason = needsSlide(spec);
  if (reason !== null)
    throw new MicrotomeError('MODEL_MISMATCH', 'options', `the model is for slides: it ${reason}`, {
      path,
      advice: 'score images with a model that reads one image by itself: one encoder, heads of its values',
    });
  const input = spec.tiles[0]?.input;
  const clinical = new ClinicalVectors(spec.clinical);
  const places = clinical.place.bind(clinical);
  const { encoders, heads, outputs } = imageProgramParts(spec, input?.sizePx ?? 0, places);
  const native = Object.freeze({
    encoder: encoders[0] as NativeImageProgram['encoder'],
    resize: input?.imageResize ?? defaultImageResize,
    heads,
    outputs,
    clinicalColumns: clinical.width,
    ...settings,
  });
  return { native, clinical: clinical.width === 0 ? null : clinical };
}
