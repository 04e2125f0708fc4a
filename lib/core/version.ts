/** The version of this package, as its package.json says. */
import { readFileSync } from 'node:fs';
import { packageFile } from './package-root.js';

export const toolVersion: string = (
  JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }
).version;
