/**
 * Slides and folders that were named one by one, in their order, and the name that each slide's row carries: the name of
 * the file, or its path in the folder that was named. Slides that would share a name carry their path from the folder that
 * all the listed slides have in common.
 */
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { fromFileSystem, MicrotomeError } from '../core/errors.js';
import { isReadable } from '../core/remote-address.js';
import { Turns } from '../core/turns.js';
import { identityOfAddress, isFolderAddress, type RemoteAddress } from '../storage/address.js';
import { errnoOf, type FileSystem } from './file-system.js';
import { remoteOf, remoteSlides } from './remote-slides.js';
import { walk, type FolderRules, type WalkedSlide } from './folder-walk.js';
import { escapedName, nameProblem, shown } from './names.js';
import { RemoteSlide } from '../storage/remote-slide.js';
import { isLink, kDangling, slideAt } from './slide-files.js';
import { slideItems, type ItemRules } from './slide-names.js';
import { SlideParts } from './slide-parts.js';
import type { NotRead } from './types.js';

export type ListedSlide = WalkedSlide;

export interface ListedSlides {
  readonly slides: readonly ListedSlide[];
  readonly notRead: readonly NotRead[];
}

/** Throws FILE_NOT_FOUND, FILE_UNREADABLE, or NETWORK for an address that is not read. */
export async function isFolder(path: string, fs: FileSystem, noun: ItemRules['noun'] = 'slide'): Promise<boolean> {
  const remote = remoteOf(path, noun);
  if (remote !== null) return isFolderAddress(remote);
  try {
    return (await fs.stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && (await isLink(path, fs))) {
      throw new MicrotomeError('FILE_NOT_FOUND', 'slide', `the ${noun} ${path} is ${kDangling}`, {
        path,
        cause: error,
      });
    }
    throw fromFileSystem(error, 'slide', path, `the ${noun}`);
  }
}

/**
 * `nameOf` makes the row's name of a path (the ISIC preset leaves the extension out). Throws INVALID_OPTION for a slide
 * that is named twice and for names that stay the same, and what walking a folder throws.
 */
export async function listedSlides(
  paths: readonly string[],
  nameOf: (path: string) => string,
  rules: FolderRules,
  fs: FileSystem,
): Promise<ListedSlides> {
  const slides: WalkedSlide[] = [];
  const notRead: NotRead[] = [];
  const { noun } = rules.items ?? slideItems;
  const turns = new Turns(rules.signal);
  const parts = new SlideParts(fs, rules.signal ?? null);
  const addresses: { readonly at: number; readonly address: RemoteAddress }[] = [];
  for (const path of paths) {
    const remote = remoteOf(path, noun);
    if (await isFolder(path, fs, noun)) {
      const found = await walk(path, rules, fs);
      // A call takes fewer arguments than a folder has files.
      for (const slide of found.slides) slides.push(slide);
      for (const one of found.notRead) notRead.push(one);
    } else if (remote !== null) {
      addresses.push({ at: slides.length, address: remote });
      slides.push(placeholder);
    } else {
      const found = await slideAt(path, basename(path), fs, noun, noun === 'slide' ? parts : null);
      slides.push({ ...found, ...nameAs(basename(path)) });
    }
  }
  const looked = await remoteSlides(
    addresses.map(({ address }) => address),
    rules,
  );
  for (const [i, { at }] of addresses.entries()) slides[at] = looked[i] as WalkedSlide;
  await refuseTwice(slides, noun, turns);
  return { slides: await distinct(slides, nameOf, noun, turns), notRead };
}

/** Of an address that is looked at with the others. */
const placeholder: WalkedSlide = {
  name: '',
  path: '',
  identity: { size: '0', mtimeNs: '0', inode: '0' },
  problem: null,
};

function nameAs(name: string): Pick<WalkedSlide, 'name' | 'problem'> {
  const problem = nameProblem(name, true);
  return { name: problem === null ? name : escapedName(Buffer.from(name)), problem };
}

async function refuseTwice(slides: readonly WalkedSlide[], noun: string, turns: Turns): Promise<void> {
  const seen = new Map<string, string>();
  for (const { path, input, parts } of slides) {
    if (turns.isOver) await turns.next();
    const absolute = input instanceof RemoteSlide ? identityOfAddress(input.address) : resolve(parts?.[0] ?? path);
    const other = seen.get(absolute);
    if (other !== undefined && resolve(other) !== resolve(path) && parts !== undefined) throw sameSlide(other, path);
    if (other !== undefined) {
      const found = `${noun === 'image' ? 'an' : 'a'} ${noun} that was given twice (${shown(path)})`;
      throw new MicrotomeError('INVALID_OPTION', 'options', found, { path, advice: `name each ${noun} once` });
    }
    seen.set(absolute, path);
  }
}

/** Two files of one slide were named. */
function sameSlide(one: string, other: string): MicrotomeError {
  const found = `${shown(one)} and ${shown(other)} are files of one slide, which was given twice`;
  return new MicrotomeError('ROWS_MISMATCH', 'csv', found, { path: other, advice: 'name one file of each slide' });
}

async function distinct(
  slides: readonly WalkedSlide[],
  nameOf: (path: string) => string,
  noun: string,
  turns: Turns,
): Promise<ListedSlide[]> {
  const uses = new Map<string, number>();
  for (const { name } of slides) {
    uses.set(nameOf(name), (uses.get(nameOf(name)) ?? 0) + 1);
    if (turns.isOver) await turns.next();
  }
  const isShared = (name: string): boolean => (uses.get(nameOf(name)) ?? 0) > 1;
  const common = [...uses.values()].some((count) => count > 1) ? commonFolder(slides.map(({ path }) => path)) : '';
  const seen = new Map<string, string>();
  const named: ListedSlide[] = [];
  for (const slide of slides) {
    if (turns.isOver) await turns.next();
    const own = isShared(slide.name) ? nameAs(relative(common, absoluteOf(slide.path)).split(sep).join('/')) : slide;
    const name = nameOf(own.name);
    const other = seen.get(name);
    if (other !== undefined) {
      const found = `two ${noun}s named ${shown(name)}: ${shown(other)} and ${shown(slide.path)}`;
      throw new MicrotomeError('INVALID_OPTION', 'options', found, { path: slide.path, advice: 'score them apart' });
    }
    seen.set(name, slide.path);
    named.push({ ...slide, name, problem: slide.problem ?? own.problem });
  }
  return named;
}

/** An address as a path, so that it can be told apart by its folders: s3://bucket/key is /s3/bucket/key. */
function absoluteOf(path: string): string {
  return isReadable(path) ? resolve(sep, path.replace('://', sep)) : resolve(path);
}

/** The deepest folder that holds all of them. */
function commonFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => dirname(absoluteOf(path)).split(sep));
  const [first = []] = folders;
  const length = first.findIndex((part, i) => folders.some((folder) => folder[i] !== part));
  return (length < 0 ? first : first.slice(0, length)).join(sep) || sep;
}
