/** Where this package is installed: the same from lib/ (tests) and from dist/. */

import { fileURLToPath } from 'node:url';

/** Absolute path of a file or folder of the package; `relative` has forward slashes. */
export function packageFile(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}
