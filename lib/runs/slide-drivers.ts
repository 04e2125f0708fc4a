/** Who opens the files of scanners' own formats that a run meets. */
import { isOpenslideFound } from '../native/addon.js';
import type { ParsedOpenOptions } from '../options/slide-options.js';
import { openNativeSlide } from '../slide/slide.js';
import type { SlideDrivers } from './scanner-slides.js';

/** Why OpenSlide does not read a file of a folder run. */
export const openslideAbsent =
  'OpenSlide reads such files, and is not there: pip install openslide-bin, or install the package libopenslide1 of the system';

export function slideDrivers(options: ParsedOpenOptions, signal: AbortSignal | null): SlideDrivers {
  return {
    openslide: async () => {
      const { driver = null } = options;
      if (driver !== null && driver !== 'auto' && driver !== 'openslide')
        return `OpenSlide reads such files, and the driver ${driver} was asked for`;
      return isOpenslideFound(options.openslidePath ?? null) ? null : openslideAbsent;
    },
    own: async (path) => {
      try {
        const slide = await openNativeSlide({ name: path, at: path }, options, signal);
        await slide.close();
        return null;
      } catch (error) {
        signal?.throwIfAborted();
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}
