/**
 * The images of a run: where each is, and the name that its row carries. A file of 400,000 images is held as lists of names
 * and numbers, never as an object for each image.
 */
import { basename, resolve } from 'node:path';
import { pathOrAddress } from '../../core/file-url.js';
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { Turns } from '../../core/turns.js';
import { openImages } from '../../images/image-index.js';
import { contradiction, text } from '../../options/check.js';
import type { ImageBatch } from '../../scoring/image-scorer.js';
import { ioFailure } from '../failure.js';
import type { FileSystem } from '../file-system.js';
import { walkFolder, type FolderRules, type WalkedSlide } from '../folder-walk.js';
import { isFolderAddress, type RemoteAddress } from '../../storage/address.js';
import { fetchFile } from '../../storage/fetch-file.js';
import { RemoteSlide } from '../../storage/remote-slide.js';
import { remoteOf } from '../remote-slides.js';
import { isFolder, listedSlides } from '../listed-slides.js';
import { escapedName, nameProblem, shown, unsafeName } from '../names.js';
import { folderOf, identityOf, type SlideIdentity } from '../slide-files.js';
import { stemOf } from '../slide-names.js';
import type { NotRead } from '../types.js';
import { imageItems, isHdf5, isHdf5Name } from './image-files.js';

export type ImageInputs = string | URL | readonly (string | URL)[];

export interface FoundImages {
  /** What was given, for messages. */
  readonly from: string;
  /** Of the rows that the images would have, in their order. */
  readonly names: readonly string[];
  /** Images whose names no table can carry, by their place in `names`: each fails alone. */
  readonly unsafe: ReadonlyMap<number, MicrotomeError>;
  /** What several images share a name, by the name; that is in `names` once. */
  readonly twice: ReadonlyMap<string, string>;
  readonly notRead: readonly NotRead[];
  /** Why something under a name is no image. */
  readonly notImages: ReadonlyMap<string, string>;
  /** The file that all images lie in; null: they are files of their own. */
  readonly file: SlideIdentity | null;
  /** The file of this machine that was fetched of `from`. */
  readonly copyOf?: string;
  /** Of an image that is a file of its own: what must not change between a run and its resumption, as one text. */
  identity(image: number): string;
  /** Of the image's own bytes. */
  bytes(image: number): number;
  /** When the image's own file was last modified, in nanoseconds; null where it lies in a file with others. */
  modifiedNs(image: number): string | null;
  /** Where the images are, for the scorer. */
  batch(images: readonly number[]): ImageBatch;
  /** Gives up what was fetched of an address. `isDone`: no run that resumes has a use for it. */
  readonly release?: (isDone: boolean) => Promise<void>;
  /** Paths of files that the output must not replace. */
  readonly inputs: readonly string[];
}

/** Throws INVALID_OPTION, FILE_NOT_FOUND, FILE_UNREADABLE, LIMIT_EXCEEDED, IMAGES_INVALID, TRUNCATED, CSV_INVALID. */
export async function findImages(given: ImageInputs, rules: FolderRules, fs: FileSystem): Promise<FoundImages> {
  const isList = Array.isArray(given);
  const local = (one: string | URL): string => pathOrAddress(one instanceof URL ? one : text('images', one));
  const paths = (isList ? (given as readonly (string | URL)[]) : [given as string | URL]).map(local);
  const [first] = paths;
  if (first === undefined) throw contradiction('The list of images is empty');
  const own: FolderRules = { ...rules, items: imageItems };
  const remote = paths.map((path) => remoteOf(path, 'image')).find((one) => one !== null);
  if (remote !== undefined) {
    if (paths.length > 1 || isFolderAddress(remote)) throw oneFileOnly(remote.shown);
    return fetchedImages(remote, rules, fs);
  }
  if (paths.length === 1) {
    if (await isFolder(first, fs, 'image')) {
      const folder = await folderOf(first, fs);
      const { slides, notRead } = await walkFolder(folder, own, fs);
      return filesFound(first, slides, notRead, rules.signal ?? null);
    }
    const hasMany = await isHdf5(first, fs).catch((error: unknown) => {
      throw ioFailure(error, 'read', first, 'slide');
    });
    if (hasMany) return storedImages(first, rules.signal ?? null, fs);
  }
  const file = paths.find(isHdf5Name);
  if (file !== undefined)
    throw contradiction(`${shown(file)} is an HDF5 file of images, and was given with other images; score them apart`);
  const { slides, notRead } = await listedSlides(paths, stemOf, own, fs);
  return filesFound(
    paths.length === 1 ? first : `${first} and ${paths.length - 1} more`,
    slides,
    notRead,
    rules.signal ?? null,
  );
}

/** The row of an image carries its name without the ending. */
async function filesFound(
  from: string,
  files: readonly WalkedSlide[],
  notRead: readonly NotRead[],
  signal: AbortSignal | null,
): Promise<FoundImages> {
  const names: string[] = [];
  const paths: string[] = [];
  const identities: SlideIdentity[] = [];
  const unsafe = new Map<number, MicrotomeError>();
  const known = new Map<string, string>();
  const twice = new Map<string, string>();
  const turns = new Turns(signal);
  for (const { name: whole, path, identity, problem } of files) {
    if (turns.isOver) await turns.next();
    const name = problem === null ? stemOf(whole) : whole;
    const before = known.get(name);
    if (before !== undefined) {
      twice.set(name, `${twice.get(name) ?? shown(basename(before))}, ${shown(basename(path))}`);
      continue;
    }
    known.set(name, path);
    if (problem !== null) unsafe.set(names.length, unsafeName(problem, path, name));
    names.push(name);
    paths.push(path);
    identities.push(identity);
  }
  if (names.length === 0) throw noImage(from, notRead);
  return {
    from,
    names,
    unsafe,
    twice,
    notRead,
    notImages: new Map(),
    file: null,
    identity: (image) => identityText(identities[image]),
    bytes: (image) => Number(identities[image]?.size ?? 0),
    modifiedNs: (image) => identities[image]?.mtimeNs ?? null,
    batch: (images) => ({ kind: 'files', paths: images.map((image) => paths[image] ?? '') }),
    inputs: paths,
  };
}

function identityText(identity: SlideIdentity | undefined): string {
  return identity === undefined ? '' : `${identity.size} ${identity.mtimeNs} ${identity.inode}`;
}

/** What is there instead is said: it may be what was meant. */
function noImage(from: string, notRead: readonly NotRead[]): MicrotomeError {
  const few = notRead.slice(0, 5).map(({ path, reason }) => `${shown(path)}: ${reason}`);
  const more = notRead.length > few.length ? [`and ${notRead.length - few.length} more`] : [];
  const others = few.length === 0 ? '' : `; not read: ${[...few, ...more].join('; ')}`;
  const hasFolder = notRead.some(({ reason }) => reason.includes('not recursive'));
  const advice = hasFolder ? `check the path, or pass ${optionMark('recursive', 'true')}` : undefined;
  const found = `no image in ${from}; expected JPEG or PNG files${others}`;
  return new MicrotomeError('FILE_NOT_FOUND', 'slide', found, { path: from, advice });
}

function oneFileOnly(shown: string): MicrotomeError {
  const found = `${shown} was given: at an address, images are read from one HDF5 file`;
  const advice = 'pass the address of that file alone, or download the images';
  return new MicrotomeError('INVALID_OPTION', 'options', found, { path: shown, advice });
}

const kWorkFolder = 'microtome-work';

/**
 * A run reads all images of its file, and the engine reads them from a disk: the file is fetched once, whole, into the work
 * folder. A run that fails leaves it there for the run that resumes.
 */
async function fetchedImages(address: RemoteAddress, rules: FolderRules, fs: FileSystem): Promise<FoundImages> {
  const { storage = null, signal = null } = rules;
  const folder = resolve(storage?.workFolder ?? kWorkFolder);
  const { path, identity, release } = await fetchFile(new RemoteSlide(address), storage, folder, signal);
  try {
    const found = await storedImages(path, signal, fs, address.shown);
    // Each range that was fetched was of one version; nobody else writes the copy.
    return { ...found, from: address.shown, copyOf: path, file: identity, release };
  } catch (error) {
    await release(true);
    throw error;
  }
}

/** Opened to learn where the images are; the scorer reads their bytes itself. */
async function storedImages(
  path: string,
  signal: AbortSignal | null,
  fs: FileSystem,
  from = path,
): Promise<FoundImages> {
  const look = async (): Promise<SlideIdentity> => identityOf(await fs.stat(path, { bigint: true }));
  const before = await look().catch((error: unknown) => {
    throw ioFailure(error, 'look at', path, 'slide');
  });
  await using file = await openImages(path);
  const count = file.names.length;
  const [offsets, bytes] = [new Float64Array(count), new Float64Array(count)];
  const names: string[] = [];
  const unsafe = new Map<number, MicrotomeError>();
  const turns = new Turns(signal);
  for (const [i, name] of file.names.entries()) {
    if (turns.isOver) await turns.next();
    const place = file.place(name);
    offsets[i] = place?.offset ?? 0;
    bytes[i] = place?.bytes ?? 0;
    const problem = nameProblem(name, true);
    const own = problem === null ? name : escapedName(Buffer.from(name));
    if (problem !== null) unsafe.set(i, unsafeName(problem, path, own));
    names.push(own);
  }
  const notImages = new Map(file.notImages.map(({ name, reason }) => [name, reason]));
  const notRead = file.notImages.map(({ name, reason }) => Object.freeze({ path: `${from}: ${name}`, reason }));
  if (count === 0) throw noStored(path, notRead);
  if (!isSame(before, await look())) throw changedFile(path);
  return {
    from,
    names,
    unsafe,
    twice: new Map(),
    notRead,
    notImages,
    file: before,
    identity: () => '',
    bytes: (image) => bytes[image] ?? 0,
    modifiedNs: () => null,
    batch: (images) => ({
      kind: 'places',
      path,
      offsets: Float64Array.from(images, (image) => offsets[image] ?? 0),
      bytes: Float64Array.from(images, (image) => bytes[image] ?? 0),
    }),
    inputs: [path],
  };
}

function noStored(path: string, notRead: readonly NotRead[]): MicrotomeError {
  const [first] = notRead;
  const others =
    first === undefined ? '' : `; ${notRead.length} entries are none, such as ${shown(first.path)}: ${first.reason}`;
  return new MicrotomeError('IMAGES_INVALID', 'slide', `${path} has no image${others}`, { path });
}

const isSame = (a: SlideIdentity, b: SlideIdentity): boolean =>
  a.size === b.size && a.mtimeNs === b.mtimeNs && a.inode === b.inode;

function changedFile(path: string): MicrotomeError {
  const found = `${path} was written to, or replaced, while the run read it`;
  const advice = 'wait until the file is whole, and score it again';
  return new MicrotomeError('IMAGES_INVALID', 'slide', found, { path, advice });
}

/** Throws IMAGES_INVALID where the file of the images is not the one that the run began with: its scores may be of either. */
export async function requireUnchanged({ file, from, copyOf }: FoundImages, fs: FileSystem): Promise<void> {
  if (file === null || copyOf !== undefined) return;
  const now = await fs.stat(from, { bigint: true }).then(identityOf, () => null);
  if (now === null || !isSame(file, now)) throw changedFile(from);
}
