/** Who opens the files of scanners' own formats that a run meets. */
import { searchOpenslide } from '../native/addon.js';
import { openslideVariable } from '../native/openslide.js';
import type { SlideDrivers } from './scanner-slides.js';

/** Why OpenSlide does not read a file of a folder run. */
export const openslideAbsent =
  'OpenSlide reads such files, and is not there: pip install openslide-bin, or install the package libopenslide1 of the system';

function namedByEnvironment(path: string): string {
  const named = `OpenSlide reads such files, and is not at ${path}, which the environment variable ${openslideVariable} names`;
  return `${named}: correct the variable, or remove it and run pip install openslide-bin`;
}

export interface DriverOptions {
  /** null: the driver that fits the file. */
  readonly driver: string | null;
  /** Where OpenSlide is; null: where it is found. */
  readonly openslidePath: string | null;
}

export function slideDrivers({ driver, openslidePath }: DriverOptions): SlideDrivers {
  return {
    openslide: async () => {
      if (driver !== null && driver !== 'auto' && driver !== 'openslide')
        return `OpenSlide reads such files, and the driver ${driver} was asked for`;
      const { path, origin, tried } = searchOpenslide(openslidePath);
      if (path !== '') return null;
      return origin === 'environment' ? namedByEnvironment(tried.join()) : openslideAbsent;
    },
  };
}
