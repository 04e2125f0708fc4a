/** Which commands of this machine stand for the images of a pipeline. */
import { dirname, resolve } from 'node:path';
import { MicrotomeError } from '../../core/errors.js';
import { reading } from '../failure.js';
import { anyText, list, object, optional, record, text, type Reader } from '../shape.js';

/** What stands for one image. */
export interface LocalImage {
  /** Programs of the image, each with the words that start it here. */
  readonly programs: Readonly<Record<string, readonly string[]>>;
  /** The working directory. @defaultValue the folder of the map */
  readonly folder: string;
  /** Variables that the image sets. */
  readonly env: Readonly<Record<string, string>>;
}

/** Images by their names, as the pipeline has them. */
export type LocalImages = Readonly<Record<string, LocalImage>>;

interface GivenImage {
  readonly programs: Readonly<Record<string, readonly string[]>>;
  readonly folder?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

const readMap: Reader<{ readonly images: Readonly<Record<string, GivenImage>> }> = object({
  images: record(
    object({
      programs: record(list(text(), 50)),
      folder: optional(text()),
      env: optional(record(anyText, text(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of a variable')), {}),
    }),
  ),
});

/** Reads a map of images. Paths in it that begin with `./` or `../` are beside the map. Throws PIPELINE_INVALID. */
export function readImages(given: unknown, path: string): LocalImages {
  const beside = dirname(resolve(path));
  const place = (word: string): string => (/^\.\.?\//.test(word) ? resolve(beside, word) : word);
  const { images } = reading('the map of images', { path }, () => readMap(given, ''));
  return Object.fromEntries(
    Object.entries(images).map(([name, { programs, folder, env }]) => [
      name,
      {
        programs: Object.fromEntries(Object.entries(programs).map(([key, words]) => [key, words.map(place)])),
        folder: folder === undefined ? beside : resolve(beside, folder),
        env,
      },
    ]),
  );
}

/** The image, where the map has it. Throws INVALID_OPTION. */
export function imageOf(images: LocalImages, name: string): LocalImage {
  if (Object.hasOwn(images, name)) return images[name] as LocalImage;
  throw new MicrotomeError('INVALID_OPTION', 'options', `the map of images has no ${name}`, {
    advice: `add it to the map; it has ${Object.keys(images).join(', ') || 'no image'}`,
  });
}

/** The words that start a program of an image here. Throws INVALID_OPTION for a program that the map does not name. */
export function localWords(image: LocalImage, name: string, words: readonly string[]): readonly string[] {
  const [program = '', ...rest] = words;
  if (!Object.hasOwn(image.programs, program))
    throw new MicrotomeError('INVALID_OPTION', 'options', `the map of images has no program ${program} for ${name}`, {
      advice: `add it to the programs of that image; it has ${Object.keys(image.programs).join(', ') || 'none'}`,
    });
  return [...(image.programs[program] as readonly string[]), ...rest];
}
