/** The pixels that a bundle reads: tile inputs, pictures of the whole slide, and what is done to their colours. */

import type { NativeColour } from '../../native/program.js';
import { defaults } from '../../options/defaults.js';
import type { ImageInput, PixelFormat, TileInput } from '../model.js';
import type { ImageInputSpec } from '../spec.js';
import type { ColourJson, ImageInputJson, PixelsJson, TileInputJson } from './json-types.js';

const white = Object.freeze([255, 255, 255] as const);

function pixelFormat(json: PixelsJson): PixelFormat {
  return {
    layout: json.layout ?? 'NCHW',
    channels: json.channels ?? defaults.input.channels,
    type: json.type ?? 'float32',
    scale: json.scale ?? defaults.input.scale,
    mean: Object.freeze(json.mean ?? defaults.input.mean),
    std: Object.freeze(json.std ?? defaults.input.std),
  };
}

export function tileInput(json: TileInputJson): TileInput {
  return Object.freeze({
    name: json.name,
    sizePx: json.size,
    stridePx: json.stride ?? json.size,
    mpp: json.mpp ?? null,
    level: json.level ?? null,
    edge: json.edge ?? 'pad',
    ...(json.imageResize === undefined ? {} : { imageResize: json.imageResize }),
    ...pixelFormat(json),
  });
}

function nativeImage(json: ImageInputJson): ImageInputSpec['native'] {
  if (json.mode === 'variable') {
    const { maxPixels, multipleOf = 1 } = json;
    return { level: null, fit: 'budget', widthPx: 0, heightPx: 0, maxPixels, multipleOf, background: white };
  }
  return {
    level: json.level ?? null,
    fit: json.fit ?? 'contain',
    widthPx: json.width,
    heightPx: json.height,
    maxPixels: 0,
    multipleOf: 1,
    background: json.background ?? white,
  };
}

export function imageInput(json: ImageInputJson): ImageInputSpec {
  const native = Object.freeze(nativeImage(json));
  const isFixed = json.mode === 'fixed';
  const input: ImageInput = Object.freeze({
    name: json.name,
    widthPx: isFixed ? json.width : null,
    heightPx: isFixed ? json.height : null,
    maxPixels: isFixed ? null : json.maxPixels,
    level: native.level,
    ...pixelFormat(json),
  });
  return Object.freeze({ input, native });
}

/** null: pixels as they are. */
export function colourOf(json: ColourJson | undefined): NativeColour | null {
  const icc = json?.icc ?? false;
  const stain = json?.stain;
  if (stain === undefined) return icc ? Object.freeze({ icc, stain: null }) : null;
  const numbers =
    stain.method === 'macenko'
      ? [...stain.reference.stains.flat(), ...stain.reference.concentrations]
      : [...stain.reference.mean, ...stain.reference.std];
  const reference = Float64Array.from(numbers);
  return Object.freeze({
    icc,
    stain: Object.freeze({ method: stain.method, reference, seed: stain.seed ?? defaults.seed }),
  });
}
