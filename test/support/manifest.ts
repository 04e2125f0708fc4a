/** What this package asks for, so that texts and tests name the same versions. */
import { readFileSync } from 'node:fs';

interface Manifest {
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest;

export const onnxRuntimeVersion = manifest.optionalDependencies['onnxruntime-node'] as string;
