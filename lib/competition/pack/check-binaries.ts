/**
 * Checks that the machine of the challenge can load every binary of the zip: each library that a binary names is there, and
 * each version of symbols that it needs. Reads the files; loads none.
 */
import { MicrotomeError } from '../../core/errors.js';
import { boxLibraries, boxLoader, boxVersions, driverLibraries } from './box.js';
import { readElfFacts, type ElfFacts, type VersionNeed } from '../../core/elf/elf-facts.js';
import { gpuMachine, x64Machine } from '../../core/elf/layout.js';
import type { HashedFile } from './packed-file.js';
import { boxHas, familyOf, highest, isHigher, type Family } from './versions.js';

/** What the binaries of a zip need of the machine, as versions; null: nothing of that library. */
export interface BinaryNeeds {
  readonly glibc: string | null;
  readonly libstdcxx: string | null;
}

interface Binary extends ElfFacts {
  readonly file: HashedFile;
}

interface Problem {
  readonly code: 'RUNTIME_MISSING' | 'UNSUPPORTED_PLATFORM';
  readonly found: string;
}

const maxProblemsShown = 10;
const advice = {
  RUNTIME_MISSING: 'add the named libraries, or leave out what needs them',
  UNSUPPORTED_PLATFORM:
    'take a build for glibc 2.28 and the C++ library of GCC 10 (of this package: npm run prebuilds); Node.js opens the libraries of the machine, whatever a GPU stack brings',
} as const;

/** Throws RUNTIME_MISSING for a library that is nowhere, UNSUPPORTED_PLATFORM for a version that the machine does not have. */
export async function checkBinaries(files: readonly HashedFile[]): Promise<BinaryNeeds> {
  const binaries: Binary[] = [];
  for (const file of files) {
    if (!('path' in file.content)) continue;
    const facts = await readElfFacts(file.content.path, file.name);
    if (facts !== null && facts.machine !== gpuMachine) binaries.push({ ...facts, file });
  }
  // What belongs to the GPU stack is opened with the whole zip around it; everything else must do without the stack.
  const isOfStack = ({ file }: Binary): boolean => file.part === 'runtime';
  const own = binaries.filter((binary) => !isOfStack(binary));
  const all = [...binaries.filter(isOfStack), ...own];
  const problems = binaries.flatMap((binary) =>
    isOfStack(binary) ? problemsOf(binary, all, true) : problemsOf(binary, own, false),
  );
  refuse(problems);
  const needs = binaries.flatMap(({ versionNeeds }) => versionNeeds.filter(isOfMachine).map(({ version }) => version));
  return { glibc: highest(needs, 'GLIBC'), libstdcxx: highest(needs, 'GLIBCXX') };
}

function refuse(problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const shown = problems.slice(0, maxProblemsShown).map(({ found }) => found);
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : '';
  throw new MicrotomeError(first.code, 'options', `${shown.join('; ')}${more}`, { advice: advice[first.code] });
}

/** The program runs only where a library of the machine has this version. */
function isOfMachine({ library, weak }: VersionNeed): boolean {
  return !weak && boxLibraries.has(library);
}

/**
 * The binary of the zip that the loader takes for a name: it looks for a file that is called so. Node.js has opened the libraries of
 * the machine before it opens the first file of the zip, and a process has one library of a name.
 */
function providerOf(library: string, binaries: readonly Binary[]): Binary | undefined {
  if (boxLibraries.has(library)) return undefined;
  return binaries.find(({ file }) => file.name.endsWith(`/${library}`));
}

function problemsOf(binary: Binary, others: readonly Binary[], mayUseDriver: boolean): readonly Problem[] {
  const { name } = binary.file;
  if (binary.machine !== x64Machine)
    return [{ code: 'UNSUPPORTED_PLATFORM', found: `${name} is built for another kind of machine than x86-64` }];
  const missing = binary.needed
    .filter((library) => providerOf(library, others) === undefined && !boxLibraries.has(library))
    .filter((library) => !mayUseDriver || !driverLibraries.has(library))
    .map((library): Problem => ({ code: 'RUNTIME_MISSING', found: `${name} needs ${library}, which is nowhere` }));
  return [...loaderProblems(binary), ...missing, ...versionProblems(binary, others)];
}

/** The system starts a program with the loader that it names, so that one must be on the machine. */
function loaderProblems({ interpreter, file: { name } }: Binary): readonly Problem[] {
  if (interpreter === null || interpreter === boxLoader) return [];
  const found = `${name} is started by the loader ${interpreter}; the machine of the challenge has ${boxLoader}`;
  return [{ code: 'UNSUPPORTED_PLATFORM', found }];
}

function versionProblems(binary: Binary, others: readonly Binary[]): readonly Problem[] {
  const needs = binary.versionNeeds.filter(({ weak }) => !weak);
  const found = [...notInZip(needs, others), ...notOnMachine(needs.filter(isOfMachine))];
  return found.map((text): Problem => ({ code: 'UNSUPPORTED_PLATFORM', found: `${binary.file.name} needs ${text}` }));
}

function notInZip(needs: readonly VersionNeed[], others: readonly Binary[]): readonly string[] {
  return needs.flatMap(({ library, version }) => {
    const provider = providerOf(library, others);
    // The loader accepts a library that names no versions at all.
    if (provider === undefined || provider.versions.length === 0 || provider.versions.includes(version)) return [];
    return [`${version} of ${library}, but ${provider.file.name} does not have it`];
  });
}

/** A binary that needs one version too new mostly needs several: the highest of each family tells enough. */
function notOnMachine(needs: readonly VersionNeed[]): readonly string[] {
  const highestOf = new Map<Family, VersionNeed>();
  const strange: VersionNeed[] = [];
  for (const need of needs.filter(({ version }) => !boxHas(version))) {
    const family = familyOf(need.version);
    if (family === null) strange.push(need);
    else if (isHigher(need.version, highestOf.get(family)?.version, family)) highestOf.set(family, need);
  }
  return [
    ...strange.map(({ library, version }) => `${version} of ${library}; the machine of the challenge does not have it`),
    ...[...highestOf].map(
      ([family, { library, version }]) =>
        `${version} of ${library}; at most ${boxVersions[family].join('.')} is allowed`,
    ),
  ];
}
