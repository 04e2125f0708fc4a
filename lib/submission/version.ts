/** The version of this package, as its package.json says; it lies two folders up both in the sources and as built. */
import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };

export const toolVersion: string = manifest.version;
