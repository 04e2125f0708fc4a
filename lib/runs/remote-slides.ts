/** Slides at addresses: a folder of a bucket as a folder of the disk is read, and single addresses as single files. */
import { MicrotomeError } from '../core/errors.js';
import { isReadable, isRemote, remoteRefused } from '../core/remote-address.js';
import { sortedInTurns } from '../core/sort-in-turns.js';
import {
  isFolderAddress,
  nameOfAddress,
  parseAddress,
  type RemoteAddress,
  type S3Address,
} from '../storage/address.js';
import { objectIdentity, RemoteSlide } from '../storage/remote-slide.js';
import { listFolder } from '../storage/s3/list.js';
import { storeOf } from '../storage/stores.js';
import type { FolderRules, WalkedFolder, WalkedSlide } from './folder-walk.js';
import { escapedName, nameProblem } from './names.js';
import { kUnknown } from './slide-files.js';
import { scannerFormat, slideItems, type ItemRules } from './slide-names.js';
import type { NotRead } from './types.js';

/** Null: a path. Throws NETWORK for an address that is not read, INVALID_OPTION. */
export function remoteOf(path: string, noun: ItemRules['noun'] = 'slide'): RemoteAddress | null {
  if (isReadable(path)) return parseAddress(path);
  if (isRemote(path)) throw remoteRefused(path, noun === 'image' ? 'an image' : 'a slide');
  return null;
}

/** A folder of a bucket; a folder behind HTTP cannot be listed. */
export { isFolderAddress };

/** What the folder holds, in the order of the names. Throws NETWORK, LIMIT_EXCEEDED, FILE_NOT_FOUND for no bucket. */
export async function walkRemoteFolder(folder: S3Address, rules: FolderRules): Promise<WalkedFolder> {
  const { storage = null, signal = null, recursive, maxEntries, maxDepth } = rules;
  const listing = await listFolder(withSlash(folder), storeOf(storage), {
    recursive,
    maxEntries,
    signal,
    retries: storage?.retries ?? null,
  });
  const slides: WalkedSlide[] = [];
  const base = withSlash(folder).shown;
  const notRead: NotRead[] = listing.folders.map((name) => ({
    path: base + name,
    reason: 'a subfolder, and this run is not recursive',
  }));
  const { byName } = rules.items ?? slideItems;
  for (const { name, key, size, etag, modifiedMs } of listing.objects) {
    const parts = name.split('/');
    if (parts.some((part) => part.startsWith('.'))) continue;
    if (parts.length - 1 > maxDepth) throw tooDeep(base, maxDepth);
    const path = base + name;
    const verdict = byName(parts.at(-1) ?? '');
    if (verdict === null || verdict === 'look') continue;
    if (verdict !== 'item') {
      const reason = verdict === 'openslide' ? kNeedsFiles : verdict === 'tiff' ? kOneByOne : verdict.reason;
      notRead.push({ path, reason });
      continue;
    }
    const problem = nameProblem(name, true);
    const input = new RemoteSlide({ kind: 's3', bucket: folder.bucket, key, shown: path }, etag);
    const identity = objectIdentity({ size, etag, modifiedMs });
    slides.push({ name: problem === null ? name : escapedName(Buffer.from(name)), path, identity, problem, input });
  }
  const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return {
    slides: await sortedInTurns(slides, (a, b) => byText(a.name, b.name), signal),
    notRead: await sortedInTurns(notRead.map(Object.freeze) as NotRead[], (a, b) => byText(a.path, b.path), signal),
  };
}

function withSlash(folder: S3Address): S3Address {
  return folder.shown.endsWith('/') ? folder : { ...folder, shown: `${folder.shown}/` };
}

function tooDeep(folder: string, most: number): MicrotomeError {
  return new MicrotomeError(
    'LIMIT_EXCEEDED',
    'slide',
    `the folder ${folder} has more than ${most} levels of subfolders`,
    {
      path: folder,
      advice: 'pass a smaller folder, or a larger [[maxFolderDepth]]',
    },
  );
}

/** Of a slide at an address in a format that is not read from there. */
export const kNeedsFiles = 'OpenSlide reads such slides, and only from files of this machine';

/** To find out who reads such an object would be requests for each. */
const kOneByOne =
  'of a folder at an address only .tif, .tiff and .svs files are read; such a file can be given by its own address';

const kLooksAtOnce = 8;

/** Objects by their addresses. One that cannot be looked at fails alone. */
export async function remoteSlides(addresses: readonly RemoteAddress[], rules: FolderRules): Promise<WalkedSlide[]> {
  const { storage = null, signal = null } = rules;
  const slides = new Array<WalkedSlide>(addresses.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < addresses.length; at = next++) {
      const address = addresses[at] as RemoteAddress;
      const known = new RemoteSlide(address);
      const own = named(nameOfAddress(address), address.shown);
      if (scannerFormat(nameOfAddress(address)) === 'openslide') {
        slides[at] = {
          ...own,
          path: address.shown,
          identity: kUnknown,
          input: known,
          failure: needsFiles(address.shown),
        };
        continue;
      }
      try {
        const facts = await known.look(storage, signal);
        const input = new RemoteSlide(address, facts.etag);
        slides[at] = { ...own, path: address.shown, identity: objectIdentity(facts), input };
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof MicrotomeError) || endsRun(error)) throw error;
        slides[at] = { ...own, path: address.shown, identity: kUnknown, input: known, failure: error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(kLooksAtOnce, addresses.length) }, worker));
  return slides;
}

/** Refuses the slide by the name of its format: an object is one file, and such a slide needs a path. */
function needsFiles(shown: string): MicrotomeError {
  const advice = 'copy the slide to this machine, with all its files, and pass its path';
  return new MicrotomeError('NOT_A_SLIDE', 'slide', `${shown}: ${kNeedsFiles}`, { path: shown, advice });
}

/** What is wrong with the machine or the options is wrong with every slide. */
function endsRun({ code }: MicrotomeError): boolean {
  return code === 'RUNTIME_MISSING' || code === 'INVALID_OPTION';
}

function named(last: string, shown: string): Pick<WalkedSlide, 'name' | 'problem'> {
  const name = last === '' ? shown.replace(/^[a-z0-9+.-]+:\/\//i, '').replaceAll('/', '_') : last;
  const problem = nameProblem(name, true);
  return { name: problem === null ? name : escapedName(Buffer.from(name)), problem };
}
