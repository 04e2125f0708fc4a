/** What this package asks for, so that texts and tests name the same versions. */
import { readFileSync } from 'node:fs';

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest;

/** The version that the tests use, and that is packed. */
export const onnxRuntimeVersion = manifest.devDependencies['onnxruntime-node'] as string;
