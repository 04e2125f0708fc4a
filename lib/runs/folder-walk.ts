/**
 * What a folder holds for a run: its slides in name order, and whatever may be a slide, or hold slides, and is not read,
 * each with the reason. Nothing of the kind is left out in silence. Names are kept as bytes, since a name need not be text.
 *
 * The walk ends whatever the folder holds: each folder is read once, also where links lead to it again, and there are limits
 * on entries and depth.
 */
import type { Dirent } from 'node:fs';
import { relative } from 'node:path';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { sortedInTurns } from '../core/sort-in-turns.js';
import { Turns } from '../core/turns.js';
import { defaults } from '../options/defaults.js';
import type { StorageSettings } from '../storage/options.js';
import { ioFailure } from './failure.js';
import { errnoOf, realFileSystem, type FileSystem } from './file-system.js';
import { escapedName, nameProblem } from './names.js';
import { isFolderAddress, remoteOf, walkRemoteFolder } from './remote-slides.js';
import { scannerSlides, type ScannerFile, type SlideDrivers } from './scanner-slides.js';
import { folderOf, identityOf, kDangling, kLoop, linkAmong, linkRefused, type FoundSlide } from './slide-files.js';
import { slideItems, type ItemRules, type ScannerFormat } from './slide-names.js';
import { SlideParts } from './slide-parts.js';
import type { NotRead } from './types.js';

export interface FolderRules {
  readonly recursive: boolean;
  readonly followLinks: boolean;
  readonly maxEntries: number;
  readonly maxDepth: number;
  /** Which files are read; not there: slides. */
  readonly items?: ItemRules;
  /** Who opens scanners' own formats; not there: nobody. */
  readonly drivers?: SlideDrivers;
  /** Of addresses; null, or not there: the defaults. */
  readonly storage?: StorageSettings | null;
  /** Ends the walk with its reason. */
  readonly signal?: AbortSignal | null;
}

export const defaultFolderRules: FolderRules = {
  recursive: defaults.recursive,
  followLinks: defaults.followLinks,
  maxEntries: defaults.maxFolderEntries,
  maxDepth: defaults.maxFolderDepth,
};

/** Its name is the path in the folder, with slashes; where no row can carry that, a text that stands for it. */
export interface WalkedSlide extends FoundSlide {
  /** Why no row can carry the name; null: one can. */
  readonly problem: string | null;
  /** It cannot be looked at: its row fails, and no other. */
  readonly failure?: MicrotomeError;
}

export interface WalkedFolder {
  /** In the order of their names, by code unit: the same in every locale. */
  readonly slides: readonly WalkedSlide[];
  readonly notRead: readonly NotRead[];
}

/** A folder, or an entry of one. */
interface Place {
  /** Absolute. */
  readonly path: Buffer;
  /** From the folder of the run on; empty for that folder itself. */
  readonly inside: Buffer;
  readonly depth: number;
}

type Stat = Awaited<ReturnType<typeof statOf>>;

const kSubfolder = 'a subfolder, and this run is not recursive';
const kLinkedFolder = 'a link to a folder, and this run is not recursive';
const kUnasked = 'nothing here opens it';
const kNobody: SlideDrivers = { openslide: async () => kUnasked };
const kHidden = 0x2e;
const kSlash = Buffer.from('/');
/** Entries that are asked for in one call. */
const kBufferSize = 512;

/** `folder` is an absolute real path. Throws CSV_INVALID (a link that is not followed), LIMIT_EXCEEDED, FILE_UNREADABLE. */
export async function walkFolder(
  folder: string,
  rules: FolderRules = defaultFolderRules,
  fs: FileSystem = realFileSystem,
): Promise<WalkedFolder> {
  const walk = new FolderWalk(folder, rules, fs);
  await walk.run();
  const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return {
    slides: await sortedInTurns(walk.slides, (a, b) => byName(a.name, b.name), rules.signal),
    notRead: await sortedInTurns(walk.notRead, (a, b) => byName(a.path, b.path), rules.signal),
  };
}

/** A folder of the disk or of a bucket. */
export async function walk(path: string, rules: FolderRules, fs: FileSystem): Promise<WalkedFolder> {
  const remote = remoteOf(path, rules.items?.noun);
  if (remote === null) return walkFolder(await folderOf(path, fs), rules, fs);
  if (isFolderAddress(remote)) return walkRemoteFolder(remote, rules);
  throw noFolder(remote.shown);
}

/** Behind HTTP nothing says what a folder holds. */
function noFolder(shown: string): MicrotomeError {
  const advice = 'pass a list of slides, or a folder of a bucket, which ends with a slash';
  return new MicrotomeError('INVALID_OPTION', 'options', `${shown} is not a folder`, { path: shown, advice });
}

class FolderWalk {
  readonly slides: WalkedSlide[] = [];
  notRead: NotRead[] = [];
  private readonly scanned: ScannerFile[] = [];
  private entries = 0;
  /** Links to slides that are not followed. */
  private readonly refused: Place[] = [];
  /** Folders that are read, by device and inode, and the path under which. */
  private readonly seen = new Map<string, string>();
  /** Folders to read, in this order. */
  private readonly folders: Place[] = [];
  /** Read after the folders that are there themselves, so that names without a link win. */
  private linked: Place[] = [];
  private readonly turns: Turns;

  constructor(
    private readonly folder: string,
    private readonly rules: FolderRules,
    private readonly fs: FileSystem,
  ) {
    this.turns = new Turns(rules.signal ?? null);
  }

  async run(): Promise<void> {
    this.folders.push({ path: Buffer.from(this.folder), inside: Buffer.alloc(0), depth: 0 });
    for (let i = 0; i < this.folders.length; ++i) {
      await this.readFolder(this.folders[i] as Place);
      if (i + 1 === this.folders.length) this.addLinked();
    }
    await this.addScanned();
    if (this.refused.length > 0) throw await this.linksRefused();
  }

  private async addScanned(): Promise<void> {
    const parts = new SlideParts(this.fs, this.rules.signal ?? null);
    const { slides, notRead } = await scannerSlides(this.scanned, this.rules.drivers ?? kNobody, parts, this.turns);
    for (const slide of slides) {
      const link = this.rules.followLinks ? null : await linkAmong(slide.parts ?? [], this.fs);
      if (link !== null) this.refused.push(this.placeAt(link.path));
      else this.slides.push(slide);
    }
    // The folder of a slide's other files holds no slides.
    const owned = new Set(this.scanned.map(({ slide }) => slide.path.replace(/\.mrxs$/i, '')));
    this.notRead = this.notRead.filter(({ path, reason }) => !(owned.has(path) && reason === kSubfolder));
    for (const { path, reason } of notRead) this.notRead.push(Object.freeze({ path, reason }));
  }

  private placeAt(path: string): Place {
    return { path: Buffer.from(path), inside: Buffer.from(relative(this.folder, path)), depth: 0 };
  }

  private async linksRefused(): Promise<MicrotomeError> {
    const [first] = this.refused.sort((a, b) => Buffer.compare(a.inside, b.inside)) as [Place];
    const target = await this.fs.realpath(textOf(first.path)).catch(() => null);
    const source = { path: this.folder, line: null };
    return linkRefused(this.folder, escapedName(first.inside), target, source, this.refused.length - 1);
  }

  /** The order in which a folder lists its entries is no order: which name a folder has must not depend on it. */
  private addLinked(): void {
    for (const place of this.linked.sort((a, b) => Buffer.compare(a.path, b.path))) this.folders.push(place);
    this.linked = [];
  }

  private async readFolder(folder: Place): Promise<void> {
    try {
      const stat = await statOf(folder.path, this.fs);
      const id = `${stat.dev}:${stat.ino}`;
      const before = this.seen.get(id);
      if (before !== undefined) return this.leaveOut(folder, `the same folder as ${before}, which is read`);
      this.seen.set(id, textOf(folder.path));
      const options = { encoding: 'buffer' as unknown as BufferEncoding, bufferSize: kBufferSize };
      const listed = await this.fs.opendir(folder.path, options);
      for await (const entry of listed as unknown as AsyncIterable<Dirent<Buffer>>) {
        this.count();
        if (entry.name[0] !== kHidden) await this.look(entryOf(folder, entry.name), entry);
        if (this.turns.isOver) await this.turns.next();
      }
    } catch (error) {
      this.rules.signal?.throwIfAborted();
      if (error instanceof MicrotomeError) throw error;
      if (folder.depth === 0) throw ioFailure(error, 'list the folder', this.folder);
      this.leaveOut(folder, `cannot be read (${errnoOf(error)})`);
    }
  }

  private count(): void {
    if (++this.entries <= this.rules.maxEntries) return;
    throw this.beyond(`more than ${this.rules.maxEntries} entries`, 'maxFolderEntries');
  }

  private beyond(found: string, option: string): MicrotomeError {
    return new MicrotomeError('LIMIT_EXCEEDED', 'slide', `the folder ${this.folder} has ${found}`, {
      path: this.folder,
      advice: `pass a smaller folder, or a larger ${optionMark(option)}`,
    });
  }

  private async look(place: Place, entry: Dirent<Buffer>): Promise<void> {
    if (entry.isSymbolicLink()) return this.lookAtLink(place);
    if (entry.isDirectory()) return this.addFolder(place, false);
    const kind = await this.kindOf(place, entry.isFile());
    if (kind === null) return;
    const stat = await this.statOrNull(place, 'gone since the folder was listed');
    if (stat !== null) this.addSlide(place, stat, kind);
  }

  /** Null: it is not read, which is noted where it may be what the run is about. */
  private async kindOf(place: Place, isFile: boolean): Promise<'item' | ScannerFormat | null> {
    const { items = slideItems } = this.rules;
    const verdict = items.byName(baseOf(place));
    if (verdict === null || (verdict === 'look' && !isFile)) return null;
    let reason: string | null = null;
    if (typeof verdict !== 'string') ({ reason } = verdict);
    else if (!isFile) reason = 'not a regular file';
    else if (verdict === 'look') reason = (await items.byContent?.(textOf(place.path), this.fs)) ?? null;
    if (reason !== null) this.leaveOut(place, reason);
    return reason !== null || typeof verdict !== 'string' ? null : verdict === 'look' ? 'item' : verdict;
  }

  private async lookAtLink(place: Place): Promise<void> {
    const stat = await this.statOrNull(place, kDangling);
    if (stat === null) return;
    if (stat.isDirectory()) return this.addFolder(place, true);
    const kind = await this.kindOf(place, stat.isFile());
    if (kind === null) return;
    if (this.rules.followLinks) this.addSlide(place, stat, kind);
    else this.refused.push(place);
  }

  /** Null: it cannot be looked at, which is noted. */
  private async statOrNull(place: Place, missing: string): Promise<Stat | null> {
    try {
      return await statOf(place.path, this.fs);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ELOOP') this.leaveOut(place, kLoop);
      else this.leaveOut(place, errno === 'ENOENT' || errno === 'ENOTDIR' ? missing : `cannot be read (${errno})`);
      return null;
    }
  }

  private addSlide(place: Place, stat: Stat, kind: 'item' | ScannerFormat): void {
    const text = textOf(place.inside);
    const isText = Buffer.from(text).equals(place.inside);
    const problem = isText ? nameProblem(text, true) : 'a name that is not UTF-8';
    const name = problem === null ? text : escapedName(place.inside);
    const slide = { name, path: textOf(place.path), identity: identityOf(stat), problem };
    if (kind === 'item') this.slides.push(slide);
    else this.scanned.push({ format: kind, slide });
  }

  private addFolder(place: Place, isLink: boolean): void {
    const { recursive, followLinks, maxDepth } = this.rules;
    if (!recursive) this.leaveOut(place, isLink ? kLinkedFolder : kSubfolder);
    else if (isLink && !followLinks) this.leaveOut(place, 'a link to a folder, and this run does not follow links');
    else if (place.depth > maxDepth) {
      throw this.beyond(`more than ${maxDepth} levels of subfolders`, 'maxFolderDepth');
    } else (isLink ? this.linked : this.folders).push(place);
  }

  private leaveOut(place: Place, reason: string): void {
    this.notRead.push(Object.freeze({ path: textOf(place.path), reason }));
  }
}

function statOf(path: Buffer, fs: FileSystem) {
  return fs.stat(path, { bigint: true });
}

function entryOf(folder: Place, name: Buffer): Place {
  const inside = folder.inside.length === 0 ? name : Buffer.concat([folder.inside, kSlash, name]);
  const isRoot = folder.path.equals(kSlash);
  return {
    path: Buffer.concat(isRoot ? [kSlash, name] : [folder.path, kSlash, name]),
    inside,
    depth: folder.depth + 1,
  };
}

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8');
}

function baseOf({ inside }: Place): string {
  return textOf(inside.subarray(inside.lastIndexOf(0x2f) + 1));
}
