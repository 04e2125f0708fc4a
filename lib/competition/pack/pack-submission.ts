/** packSubmission: everything that the machine of the challenge needs, in one zip. */
import { throwIfAborted } from '../../core/cancel.js';
import { toolVersion } from '../../core/version.js';
import { checkBinaries } from './check-binaries.js';
import { checkDeviceCode } from './check-device-code.js';
import { collectModel } from './collect-model.js';
import { collectNode } from './collect-node.js';
import { collectPackage } from './collect-package.js';
import { collectRuntime } from './collect-runtime.js';
import { hashed } from './files.js';
import { licenceFiles } from './licences.js';
import { manifestFile, partSizes, type ManifestFacts, type PartSize } from './manifest.js';
import { parsePackOptions, type PackOptions, type ParsedPackOptions } from './options.js';
import { inOrder } from './names.js';
import { requireNotPacked, requireOutside } from './output-place.js';
import { byName, type HashedFile } from './packed-file.js';
import { withTemporary } from './temporary.js';
import { requireFree, writeZip } from './zip.js';

/** What {@link packSubmission} wrote. */
export interface PackResult extends ManifestFacts {
  readonly path: string;
  /** Size of the zip. */
  readonly bytes: number;
  /** SHA-256 of the zip, lower-case hex. */
  readonly sha256: string;
  /** What each part takes when it is unpacked. */
  readonly parts: readonly PartSize[];
  readonly warnings: readonly string[];
}

/** Whoever adds a stack must not think that it was tried. */
const stackIsUntried =
  'nobody has run this version on the GPU of the challenge: where the libraries of [[runtime]] do not work there, the CPU is used';

/**
 * Makes the zip that the VisioMel challenge takes: main.py, Node.js, this package with its addon and its libraries, a
 * bundle, licences and a manifest. The bundle is run on noise first, and every binary is checked: the machine of the
 * challenge must be able to load it. The same files give the same bytes, with the same version of Node.js.
 *
 * Starts npm, which fetches a Node.js for the zip, unless `node` names one.
 *
 * @throws `MicrotomeError`: what `loadModel` and `checkModel` throw; MODEL_INVALID for a model that is no bundle or has no
 * fallback; RUNTIME_MISSING where a part or a library is missing; UNSUPPORTED_PLATFORM for a binary that the machine cannot
 * load; DEVICE_UNAVAILABLE for a library without code for `architecture`, or where `architecture` is given and none carries device code; NETWORK, OUTPUT_EXISTS, DISK_FULL, INVALID_OPTION,
 * FILE_NOT_FOUND, FILE_UNREADABLE. Then there is no new zip.
 * @example
 * ```ts
 * import { packSubmission } from 'microtome/competition';
 *
 * const { bytes, parts } = await packSubmission({ model: 'my-bundle', output: 'submission.zip' });
 * ```
 */
export async function packSubmission(options: PackOptions): Promise<PackResult> {
  const parsed = parsePackOptions(options);
  throwIfAborted(parsed.signal);
  await requireFree(parsed.output, parsed.overwrite);
  if (parsed.runtime !== null) await requireOutside(parsed.output, parsed.runtime);
  return withTemporary((temporary) => packWith(parsed, temporary));
}

async function packWith(options: ParsedPackOptions, temporary: string): Promise<PackResult> {
  const { output, overwrite, runtime: folder, signal, architecture } = options;
  const own = await collectPackage();
  const bundle = await collectModel(options.model, signal);
  const stack = folder === null ? { files: [], warnings: [] } : await collectRuntime(folder);
  const node = await collectNode(options.node, temporary, signal);
  const licences = new Map([...own.licences, ...(node.licence === null ? [] : [['node.txt', node.licence] as const])]);
  const found = [
    ...own.files,
    ...node.files,
    ...bundle.files,
    ...licenceFiles(licences, bundle.licence),
    ...stack.files,
  ];
  await requireNotPacked(output, found);
  const files = await hashed(inOrder(found), signal);
  const needs = await checkBinaries(files);
  const code = folder === null ? null : await checkDeviceCode(files, architecture);
  const facts: ManifestFacts = {
    microtome: toolVersion,
    model: { name: bundle.model.name, sha256: bundle.model.sha256 },
    node: node.version,
    needs,
    runtime: code === null ? null : { architecture: architecture.name, libraries: code.libraries },
  };
  const all = await withManifest(facts, files, signal);
  const written = await writeZip(output, all, overwrite, signal);
  const warnings = [...own.warnings, ...bundle.warnings, ...node.warnings, ...stack.warnings];
  if (code !== null) warnings.push(stackIsUntried, ...code.warnings);
  return { path: output, ...written, ...facts, parts: partSizes(all), warnings };
}

async function withManifest(
  facts: ManifestFacts,
  files: readonly HashedFile[],
  signal: AbortSignal | null,
): Promise<readonly HashedFile[]> {
  return [...files, ...(await hashed([manifestFile(facts, files)], signal))].sort(byName);
}
