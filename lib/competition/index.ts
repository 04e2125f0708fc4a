/** The public names of `microtome/competition`, and nothing else. Importing this opens no library and reads no file. */

export { packSubmission } from './pack/pack-submission.js';
export type { PackResult } from './pack/pack-submission.js';
export type { PackOptions } from './pack/options.js';
export type { DeviceLibrary } from './pack/check-device-code.js';
export type { ManifestFacts, PackedRuntime, PartSize } from './pack/manifest.js';
export type { PartName } from './pack/packed-file.js';
